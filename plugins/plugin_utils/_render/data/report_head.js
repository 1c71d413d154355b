// SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
// SPDX-License-Identifier: GPL-3.0-or-later
// The style hides what needs scripts unless this class is set. It is set first, so that nothing moves later.
document.documentElement.classList.add("scripted");
// If the other script fails, the page looks as it does without scripts.
addEventListener("error", () => document.documentElement.classList.remove("scripted"));
