// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can go wrong between the management plane and the data plane. E-301 to E-309
// belong to the messages, E-310 to E-319 to the client, E-320 and up to dataplane/control.
// Threads: constant data, any.
namespace yoke::api {

inline constexpr std::string_view kNotJson = "E-301";        // not one JSON object
inline constexpr std::string_view kBadShape = "E-302";       // a key is missing, or of another type
inline constexpr std::string_view kBadValue = "E-303";       // the right type, a value out of range
inline constexpr std::string_view kBadVersion = "E-304";     // a version this side does not speak
inline constexpr std::string_view kUnknownMethod = "E-305";  // for the server to answer with
inline constexpr std::string_view kMessageTooLong =
    "E-306";  // longer than limits::kApiMessageBytes

inline constexpr std::string_view kOtherBase = "E-307";  // the difference is to something else

inline constexpr std::string_view kNoDataPlane = "E-310";     // nobody listens, or it went away
inline constexpr std::string_view kNoAnswerInTime = "E-311";  // the deadline passed
inline constexpr std::string_view kStrangeAnswer = "E-312";   // not an answer to what was asked

}  // namespace yoke::api
