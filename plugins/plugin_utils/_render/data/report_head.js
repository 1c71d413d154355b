// SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
// SPDX-License-Identifier: GPL-3.0-or-later
// The style shows what needs the script only where scripts run. This comes first, so that nothing moves later.
document.documentElement.classList.add("scripted");
// Where the other script fails, the page looks as it does without scripts.
addEventListener("error", () => document.documentElement.classList.remove("scripted"));
