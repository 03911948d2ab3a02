// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

// What lets a process go on while one of its parts waits or computes. Threads: constant functions,
// any.
namespace yoke {

// Runs `work`, which touches nothing that anybody else works on meanwhile, and returns when it is
// done. Whoever has one of these may find others' parts changed afterwards.
using Aside = std::function<void(const std::function<void()>& work)>;
inline void in_place(const std::function<void()>& work) { work(); }

// Runs `job` once, at once or later, after those that were given before.
using Later = std::function<void(std::function<void()> job)>;
inline void at_once(const std::function<void()>& job) { job(); }

}  // namespace yoke
