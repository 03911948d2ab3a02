// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hal/base/log.h"

namespace yoke::io {
namespace {

void tell_failure(const char* step) {
  log::warning("xdp-program-stays",
               std::string("if this process is killed, its XDP program stays on the interface "
                           "until the next start: ") +
                   step + ": " + std::strerror(errno));
}

}  // namespace

void prefer_sole_xdp_program() { ::setenv("LIBXDP_SKIP_DISPATCHER", "1", 1); }

// A link and an attached program exclude each other, so there is a moment with neither: the port
// has just been made then, and nobody reads from it yet.
FileDescriptor hold_xdp_program(unsigned ifindex) {
  const int index = static_cast<int>(ifindex);
  bpf_xdp_query_opts query{};
  query.sz = sizeof query;
  if (bpf_xdp_query(index, 0, &query) != 0 || query.prog_id == 0) return {};
  const __u32 mode =
      query.attach_mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
  const FileDescriptor program(bpf_prog_get_fd_by_id(query.prog_id));
  if (!program || bpf_xdp_detach(index, mode, nullptr) != 0) {
    tell_failure("take it off");
    return {};
  }
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = mode;
  FileDescriptor link(bpf_link_create(program.get(), index, BPF_XDP, &options));
  if (link) return link;
  tell_failure("create a link");
  if (bpf_xdp_attach(index, program.get(), mode, nullptr) != 0) tell_failure("put it back");
  return {};
}

}  // namespace yoke::io
