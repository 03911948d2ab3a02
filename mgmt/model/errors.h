// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

// Every stable error identifier, once, with what it means. A number is never given a second meaning
// and never taken back: scripts and documentation rely on it. 1xx words and values, 2xx rules of a
// whole configuration, 3xx the data plane, 4xx what a request names or asks for, 5xx the store, 6xx
// the local socket. Threads: constant data, any.
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
    ErrorMeaning{"E-401", "a method that does not exist"},
    ErrorMeaning{"E-402", "parameters of another form than the method takes"},
    ErrorMeaning{"E-403", "a version of the protocol that is not spoken here"},
    ErrorMeaning{"E-404", "names something that is not there"},
    ErrorMeaning{"E-409", "somebody else has committed since these edits began"},
    ErrorMeaning{"E-450", "rules are violated; the violations come with it"},
    ErrorMeaning{"E-451", "the data plane does not answer"},
    ErrorMeaning{"E-452", "the data plane has another configuration than it was sent"},
    ErrorMeaning{"E-453", "the data plane did not activate it; what was before is back"},
    ErrorMeaning{"E-454", "the same, and what was before could not be stored either"},
    ErrorMeaning{"E-501", "the store's file or folder is not accessible"},
    ErrorMeaning{"E-502", "the store's file system or file is read-only"},
    ErrorMeaning{"E-503", "no space left for the store"},
    ErrorMeaning{"E-504", "the store is damaged or cut short"},
    ErrorMeaning{"E-505", "the store was written by a newer release"},
    ErrorMeaning{"E-506", "another process has the store"},
    ErrorMeaning{"E-507", "the store's disk reports an error"},
    ErrorMeaning{"E-508", "the store failed in another way"},
    ErrorMeaning{"E-509", "a database, but not one of ours"},
    ErrorMeaning{"E-510", "no memory left for the store"},
    ErrorMeaning{"E-601", "yoke-mgmt is not running"},
    ErrorMeaning{"E-602", "not permitted to use the socket"},
    ErrorMeaning{"E-603", "no answer in time"},
    ErrorMeaning{"E-604", "the connection was lost"},
    ErrorMeaning{"E-605", "an answer that does not keep to the protocol"},
    ErrorMeaning{"E-606", "the socket cannot be listened on"},
    ErrorMeaning{"E-607", "too many connections"},
    ErrorMeaning{"E-608", "the system gives no event loop"},
    ErrorMeaning{"E-610", "a request that is not JSON"},
    ErrorMeaning{"E-611", "a request that does not keep to the protocol"},
    ErrorMeaning{"E-612", "a request longer than is read"},
    ErrorMeaning{"E-613", "an answer longer than is written"},
};

}  // namespace yoke::model
