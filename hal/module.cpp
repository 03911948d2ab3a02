// SPDX-License-Identifier: Apache-2.0
#include "hal/module.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "hal/errors.h"

namespace yoke::hal {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Identifiers (SFF-8024 table 4-1).
constexpr std::uint8_t kSfp = 0x03, kQsfp = 0x0c, kQsfpPlus = 0x0d, kQsfp28 = 0x11;

// How far each kind's bytes reach: A0h and A2h of SFF-8472; the lower page and page 00h of
// SFF-8636, of which the kernel appends pages 01h to 03h.
constexpr std::size_t kPage = 256, kSfpWhole = 512, kQsfpWhole = 640;

constexpr double kTemperatureUnit = 1.0 / 256, kVoltUnit = 1e-4, kMilliwattUnit = 1e-4;

std::uint16_t word_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

double signed_at(Bytes bytes, std::size_t at) {
  return static_cast<std::int16_t>(word_at(bytes, at));
}

// Printable letters without the blanks that fill the field.
std::string text_at(Bytes bytes, std::size_t at, std::size_t size) {
  std::string text;
  for (const std::uint8_t byte : bytes.subspan(at, size)) {
    text += byte >= ' ' && byte <= '~' ? static_cast<char>(byte) : ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

bool sums_up(Bytes bytes, std::size_t from, std::size_t to) {
  const auto part = bytes.subspan(from, to - from);
  return static_cast<std::uint8_t>(std::accumulate(part.begin(), part.end(), 0U)) == bytes[to];
}

auto no_module(const std::string& why) {
  return fail(Errc::kInvalid, error::kPlatform, "the module's memory makes no sense: " + why);
}

std::optional<double> positive(double value) {
  if (!(value > 0)) return std::nullopt;
  return value;
}

// SFF-8472 chapter 9: what was measured, as it is, or to be corrected by the maker's constants.
class SfpMonitor {
 public:
  SfpMonitor(Bytes diagnostics, bool corrects) : a2_(diagnostics), corrects_(corrects) {}

  [[nodiscard]] double temperature() const {
    return corrected(signed_at(a2_, 96), 84) * kTemperatureUnit;
  }
  [[nodiscard]] double volts() const { return corrected(word_at(a2_, 98), 88) * kVoltUnit; }
  [[nodiscard]] double tx_mw() const { return transmitted(102); }
  [[nodiscard]] double rx_mw() const { return received(104); }
  // Alarm limits are on the scale of what was measured.
  [[nodiscard]] double tx_low_mw() const { return transmitted(26); }
  [[nodiscard]] double rx_low_mw() const { return received(34); }

 private:
  // A slope of 8.8 bits and a signed offset.
  [[nodiscard]] double corrected(double raw, std::size_t constants) const {
    if (!corrects_) return raw;
    return raw * word_at(a2_, constants) / 256.0 + signed_at(a2_, constants + 2);
  }
  [[nodiscard]] double transmitted(std::size_t at) const {
    return sane(corrected(word_at(a2_, at), 80) * kMilliwattUnit);
  }
  [[nodiscard]] double received(std::size_t at) const {
    const double raw = word_at(a2_, at);
    if (!corrects_) return raw * kMilliwattUnit;
    double value = 0;  // a polynomial of the fourth degree, its highest coefficient first
    for (std::size_t constant = 56; constant < 76; constant += 4) {
      const std::uint32_t bits =
          std::uint32_t{word_at(a2_, constant)} << 16U | word_at(a2_, constant + 2);
      value = value * raw + std::bit_cast<float>(bits);
    }
    return sane(value * kMilliwattUnit);
  }
  // Constants may be anything; more than a watt is none.
  static double sane(double mw) { return std::isfinite(mw) && mw > 0 && mw < 1e3 ? mw : 0; }

  Bytes a2_;
  bool corrects_;
};

Result<Module> read_sfp(Bytes bytes) {
  if (!sums_up(bytes, 0, 63)) return no_module("its checksum is another");
  Module module{.type = "SFP",
                .vendor = text_at(bytes, 20, 16),
                .part = text_at(bytes, 40, 16),
                .serial = text_at(bytes, 68, 16)};
  constexpr unsigned kMeasures = 0x40, kOutsideCalibration = 0x10, kAddressChange = 0x04;
  const unsigned kind = bytes[92];
  const bool measures = (kind & kMeasures) != 0 && (kind & kAddressChange) == 0;
  if (!measures || bytes.size() < kSfpWhole) return module;
  const SfpMonitor monitor(bytes.subspan(kPage, kPage), (kind & kOutsideCalibration) != 0);
  module.temperature_celsius = monitor.temperature();
  module.voltage_volts = monitor.volts();
  module.lanes = {{monitor.rx_mw(), monitor.tx_mw()}};
  module.rx_low_mw = positive(monitor.rx_low_mw());
  module.tx_low_mw = positive(monitor.tx_low_mw());
  return module;
}

Result<Module> read_qsfp(Bytes bytes) {
  if (!sums_up(bytes, 128, 191)) return no_module("its checksum is another");
  Module module{.type = bytes[0] == kQsfp28 ? "QSFP28" : "QSFP+",
                .vendor = text_at(bytes, 148, 16),
                .part = text_at(bytes, 168, 16),
                .serial = text_at(bytes, 196, 16)};
  module.temperature_celsius = signed_at(bytes, 22) * kTemperatureUnit;
  module.voltage_volts = word_at(bytes, 26) * kVoltUnit;
  constexpr unsigned kMeasuresTx = 0x04, kFlat = 0x04;
  const bool measures_tx = (bytes[220] & kMeasuresTx) != 0;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    ModuleLane& made = module.lanes.emplace_back();
    made.rx_mw = word_at(bytes, 34 + 2 * lane) * kMilliwattUnit;
    if (measures_tx) made.tx_mw = word_at(bytes, 50 + 2 * lane) * kMilliwattUnit;
  }
  const bool has_limits = (bytes[2] & kFlat) == 0 && bytes.size() >= kQsfpWhole;
  if (!has_limits) return module;
  const Bytes limits = bytes.subspan(kQsfpWhole - 128, 128);
  module.rx_low_mw = positive(word_at(limits, 178 - 128) * kMilliwattUnit);
  if (measures_tx) module.tx_low_mw = positive(word_at(limits, 194 - 128) * kMilliwattUnit);
  return module;
}

}  // namespace

Result<Module> read_module(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kPage) return no_module(fmt::format("{} bytes are too few", bytes.size()));
  switch (bytes[0]) {
    case kSfp:
      return read_sfp(bytes);
    case kQsfp:
    case kQsfpPlus:
    case kQsfp28:
      return read_qsfp(bytes);
    default:
      return no_module(fmt::format("it is of the unknown kind {:#04x}", bytes[0]));
  }
}

std::string power_text(double mw) {
  if (!(mw > 0)) return "no light";
  return fmt::format("{:.1f} dBm", 10 * std::log10(mw));
}

}  // namespace yoke::hal
