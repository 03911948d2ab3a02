// SPDX-License-Identifier: Apache-2.0
// Keeps leases as yoke-pair does, for tests of the data plane:
//
//   lease_holder PAGE LEASE_MS EVERY_MS EPOCH GROUP...
//
// Grants each group ('' is that of no name) LEASE_MS, every EVERY_MS, until it is stopped; 0 ms
// claims the lines and grants nothing. A round that comes late, as after SIGSTOP and SIGCONT, ends
// it: a lease that has lapsed is not the holder's to renew. Prints "holding" once it does.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "hal/linux/shared_page.h"

namespace yoke {
namespace {

using std::chrono::milliseconds;

struct Holder {
  milliseconds lease, every;
  std::uint64_t epoch = 0;
  std::vector<std::string> groups;

  int hold(api::LeasePage& page) const {
    api::LeaseWriter writer(page, hal::boot_id());
    std::vector<std::uint8_t> lines;
    for (const std::string& group : groups) {
      const auto line = writer.claim(group);
      if (!line) return 1;
      lines.push_back(*line);
    }
    auto last = api::LeaseClock::now();
    for (bool is_first = true;; is_first = false) {
      const auto now = api::LeaseClock::now();
      if (lease.count() > 0 && !is_first && now - last >= lease) return 3;
      last = now;
      for (const std::uint8_t line : lines) {
        if (lease.count() > 0) writer.grant(line, epoch, now + lease);
      }
      if (is_first) (void)std::puts("holding");
      if (is_first) (void)std::fflush(stdout);
      std::this_thread::sleep_for(every);
    }
  }
};

milliseconds ms(const std::string& word) { return milliseconds(std::atoi(word.c_str())); }

int run(const std::vector<std::string>& words) {
  auto page = hal::SharedPage::open(words[0], sizeof(api::LeasePage));
  if (!page) {
    (void)std::fprintf(stderr, "lease_holder: %s: error %d\n", words[0].c_str(), page.error());
    return 1;
  }
  const Holder holder{ms(words[1]),
                      ms(words[2]),
                      static_cast<std::uint64_t>(std::atoi(words[3].c_str())),
                      {words.begin() + 4, words.end()}};
  return holder.hold(*static_cast<api::LeasePage*>((*page)->memory()));
}

}  // namespace
}  // namespace yoke

int main(int argc, char** argv) {
  if (argc < 6) {
    (void)std::fputs("usage: lease_holder PAGE LEASE_MS EVERY_MS EPOCH GROUP...\n", stderr);
    return 2;
  }
  return yoke::run({argv + 1, argv + argc});
}
