// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can be wrong with a request, besides what the model (E-1xx), a commit (E-45x)
// and the store (E-5xx) say of its contents. Threads: constant data, any.
namespace yoke::rpc {

inline constexpr std::string_view kNoSuchMethod = "E-401";
inline constexpr std::string_view kBadParameters = "E-402";
inline constexpr std::string_view kBadVersion = "E-403";
inline constexpr std::string_view kNotThere = "E-404";
inline constexpr std::string_view kOvertaken = "E-409";  // somebody committed since the edits began
inline constexpr std::string_view kEdited = "E-410";     // this session has uncommitted edits
inline constexpr std::string_view kLocked = "E-412";     // somebody else edits alone
inline constexpr std::string_view kStandsAlone = "E-470";   // there is no other unit
inline constexpr std::string_view kNotPermitted = "E-413";  // to somebody of this role
inline constexpr std::string_view kNoSuchTest = "E-422";
inline constexpr std::string_view kAnswerTooLong = "E-613";

}  // namespace yoke::rpc
