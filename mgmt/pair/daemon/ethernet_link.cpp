// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/ethernet_link.h"

#include <algorithm>

#include "mgmt/pair/wire/vip_frames.h"

namespace yoke::pair {

void EthernetLink::keep(MonoTime now, std::chrono::nanoseconds patience) noexcept {
  socket_.keep();
  if (peer_ && now - proved_at_ > patience) peer_.reset();
}

std::optional<EthernetLink::Received> EthernetLink::receive() noexcept {
  const auto frame = socket_.receive(in_);
  if (!frame) return std::nullopt;
  if (const auto on_vips = parse_pair_frame(*frame)) {
    const bool carries = on_vips->kind == PairFrameKind::kSealed;
    return Received{carries ? on_vips->payload : Bytes{}, on_vips->link.source, true};
  }
  const auto ethernet = read_ethernet(*frame);
  if (!ethernet) return Received{};
  return Received{ethernet->payload, ethernet->source, false};
}

void EthernetLink::proved(const net::MacAddress& peer, MonoTime now) noexcept {
  peer_ = last_peer_ = peer;
  proved_at_ = now;
}

bool EthernetLink::send(Bytes sealed) noexcept {
  const Link link{socket_.mac(), 0};
  const std::size_t at = header_size(link);
  if (at + sealed.size() > out_.size()) return false;
  put_header(out_.data(), link, peer_.value_or(kBroadcast), kPairEtherType);
  std::copy(sealed.begin(), sealed.end(), out_.begin() + static_cast<std::ptrdiff_t>(at));
  return socket_.send({out_.data(), padded(out_.data(), at + sealed.size())});
}

bool EthernetLink::send_to_all(Bytes sealed) noexcept {
  const std::size_t size = pair_frame(Link{socket_.mac(), 0}, PairFrameKind::kSealed, sealed, out_);
  return size != 0 && socket_.send({out_.data(), size});
}

}  // namespace yoke::pair
