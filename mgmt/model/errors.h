// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

// Every stable error identifier, once, with what it means. A number is never given a second meaning
// and never taken back: scripts and documentation rely on it. 1xx words and values, 2xx rules of a
// whole configuration, 3xx the data plane, 4xx requests and the processes that answer them.
// Threads: constant data, any.
namespace yoke::model {

struct ErrorMeaning {
  std::string_view id;
  std::string_view meaning;
};

inline constexpr std::array kErrors{
    ErrorMeaning{"E-101", "a word that has no meaning at this place"},
    ErrorMeaning{"E-102", "a value that is not of its field's form or bounds"},
    ErrorMeaning{"E-103", "not an address"},
    ErrorMeaning{"E-104", "not an endpoint or service address: address, port, protocol"},
    ErrorMeaning{"E-105", "not a prefix: address/length"},
    ErrorMeaning{"E-106", "the line or path ends where more is needed"},
    ErrorMeaning{"E-107", "quotes that do not match, or a control character"},
    ErrorMeaning{"E-108", "a word that is short for more than one"},
    ErrorMeaning{"E-109", "something given twice"},
    ErrorMeaning{"E-110", "text that is not JSON"},
    ErrorMeaning{"E-111", "JSON of another shape than expected"},
    ErrorMeaning{"E-112", "a command line option that is not known or lacks its value"},
    ErrorMeaning{"E-201", "a required field is not set"},
    ErrorMeaning{"E-202", "a reference to a record that is not there"},
    ErrorMeaning{"E-203", "two VIPs with the same address, port and protocol"},
    ErrorMeaning{"E-204", "IPv4 and IPv6 mixed between a VIP, its SNAT addresses and its servers"},
    ErrorMeaning{"E-205", "a check whose timeout is longer than its interval"},
    ErrorMeaning{"E-206", "SNAT addresses on a VIP whose pool does not rewrite sources"},
    ErrorMeaning{"E-207", "a server behind dsr on another port than the VIP's"},
    ErrorMeaning{"E-208", "more records than the data plane holds"},
    ErrorMeaning{"E-209", "a server on the address of a VIP"},
    ErrorMeaning{"E-210", "an address that no packet can be sent to"},
    ErrorMeaning{"E-404", "names something that is not there"},
};

}  // namespace yoke::model
