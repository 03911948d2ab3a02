// SPDX-License-Identifier: Apache-2.0
#include "hal/module.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <random>
#include <string_view>

namespace yoke::hal {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, std::size_t at, std::string_view text, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[at + i] = static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
  }
}

void put_word(Bytes& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

void sum_up(Bytes& bytes, std::size_t from, std::size_t to) {
  bytes[to] = static_cast<std::uint8_t>(
      std::accumulate(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                      bytes.begin() + static_cast<std::ptrdiff_t>(to), 0U));
}

// A module of 10GBASE-SR, calibrated within.
Bytes sfp() {
  Bytes bytes(512, 0);
  bytes[0] = 0x03;
  put(bytes, 20, "FINISAR CORP.", 16);
  put(bytes, 40, "FTLX8571D3BCL", 16);
  put(bytes, 68, "AKA0BCD", 16);
  bytes[92] = 0x68;
  sum_up(bytes, 0, 63);
  put_word(bytes, 256 + 26, 1585);    // tx low alarm: -8.0 dBm
  put_word(bytes, 256 + 34, 100);     // rx low alarm: -20 dBm
  put_word(bytes, 256 + 96, 0x1f80);  // 31.5 degrees
  put_word(bytes, 256 + 98, 33'000);  // 3.3 V
  put_word(bytes, 256 + 102, 5000);   // 0.5 mW
  put_word(bytes, 256 + 104, 4467);   // -3.5 dBm
  return bytes;
}

TEST(Module, AnSfpSaysWhoItIsAndWhatItMeasures) {
  const auto module = read_module(sfp());
  ASSERT_TRUE(module) << module.error().text;
  EXPECT_EQ(module->type, "SFP");
  EXPECT_EQ(module->vendor, "FINISAR CORP.");
  EXPECT_EQ(module->part, "FTLX8571D3BCL");
  EXPECT_EQ(module->serial, "AKA0BCD");
  EXPECT_DOUBLE_EQ(*module->temperature_celsius, 31.5);
  EXPECT_DOUBLE_EQ(*module->voltage_volts, 3.3);
  ASSERT_EQ(module->lanes.size(), 1U);
  EXPECT_DOUBLE_EQ(*module->lanes[0].tx_mw, 0.5);
  EXPECT_EQ(power_text(*module->lanes[0].rx_mw), "-3.5 dBm");
  EXPECT_DOUBLE_EQ(*module->rx_low_mw, 0.01);
  EXPECT_EQ(power_text(*module->tx_low_mw), "-8.0 dBm");
}

TEST(Module, ColdIsBelowZeroAndNoLightIsSaid) {
  Bytes bytes = sfp();
  put_word(bytes, 256 + 96, 0xf600);
  put_word(bytes, 256 + 104, 0);
  const auto module = read_module(bytes);
  ASSERT_TRUE(module);
  EXPECT_DOUBLE_EQ(*module->temperature_celsius, -10);
  EXPECT_EQ(power_text(*module->lanes[0].rx_mw), "no light");
}

TEST(Module, OneCalibratedOutsideIsCorrectedByItsConstants) {
  Bytes bytes = sfp();
  bytes[92] = 0x58;
  sum_up(bytes, 0, 63);
  put_word(bytes, 256 + 84, 0x0100);  // temperature: slope 1
  put_word(bytes, 256 + 86, 0xff00);  // offset -1 degree
  put_word(bytes, 256 + 80, 0x0200);  // tx: slope 2
  put_word(bytes, 256 + 88, 0x0100);
  const auto slope = std::bit_cast<std::uint32_t>(0.5F);  // rx: 0.5 x + 0
  put_word(bytes, 256 + 68, slope >> 16U);
  put_word(bytes, 256 + 70, slope & 0xffffU);
  const auto module = read_module(bytes);
  ASSERT_TRUE(module);
  EXPECT_DOUBLE_EQ(*module->temperature_celsius, 30.5);
  EXPECT_DOUBLE_EQ(*module->lanes[0].tx_mw, 1.0);
  EXPECT_DOUBLE_EQ(*module->lanes[0].rx_mw, 0.22335);
}

TEST(Module, ACableThatMeasuresNothingHasNoFigures) {
  Bytes bytes = sfp();
  bytes[92] = 0;
  bytes.resize(256);
  sum_up(bytes, 0, 63);
  const auto module = read_module(bytes);
  ASSERT_TRUE(module);
  EXPECT_EQ(module->part, "FTLX8571D3BCL");
  EXPECT_FALSE(module->temperature_celsius);
  EXPECT_TRUE(module->lanes.empty());
}

Bytes qsfp() {
  Bytes bytes(640, 0);
  bytes[0] = 0x11;
  put(bytes, 148, "INTEL CORP", 16);
  put(bytes, 168, "SPTSBP2CLCKS", 16);
  put(bytes, 196, "CS1", 16);
  sum_up(bytes, 128, 191);
  bytes[220] = 0x0c;
  put_word(bytes, 22, 0x2a00);
  put_word(bytes, 26, 32'900);
  for (std::size_t lane = 0; lane < 4; ++lane) {
    put_word(bytes, 34 + 2 * lane, 1000 * static_cast<unsigned>(lane));
    put_word(bytes, 50 + 2 * lane, 8000);
  }
  put_word(bytes, 512 + 50, 398);   // rx low alarm
  put_word(bytes, 512 + 66, 1000);  // tx low alarm
  return bytes;
}

TEST(Module, AQsfpHasFourLanes) {
  const auto module = read_module(qsfp());
  ASSERT_TRUE(module) << module.error().text;
  EXPECT_EQ(module->type, "QSFP28");
  EXPECT_EQ(module->vendor, "INTEL CORP");
  EXPECT_EQ(module->serial, "CS1");
  EXPECT_DOUBLE_EQ(*module->temperature_celsius, 42);
  ASSERT_EQ(module->lanes.size(), 4U);
  EXPECT_DOUBLE_EQ(*module->lanes[3].rx_mw, 0.3);
  EXPECT_DOUBLE_EQ(*module->lanes[3].tx_mw, 0.8);
  EXPECT_DOUBLE_EQ(*module->rx_low_mw, 0.0398);
  EXPECT_DOUBLE_EQ(*module->tx_low_mw, 0.1);
}

TEST(Module, BytesThatAreNoModulesAreRefused) {
  Bytes wrong_sum = sfp(), unknown = sfp();
  wrong_sum[21] ^= 1U;
  unknown[0] = 0x18;
  for (const Bytes& bytes : {Bytes(), Bytes(255, 3), Bytes(512, 0xff), wrong_sum, unknown}) {
    const auto module = read_module(bytes);
    ASSERT_FALSE(module);
    EXPECT_EQ(module.error().id, "E-390");
  }
}

TEST(Module, NoBytesAreMoreThanAnError) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = round % 2 == 0 ? sfp() : qsfp();
    bytes.resize(random() % (bytes.size() + 1));
    for (std::size_t i = 0; i < 40 && !bytes.empty(); ++i) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (bytes.size() >= 256) sum_up(bytes, bytes[0] == 3 ? 0 : 128, bytes[0] == 3 ? 63 : 191);
    const auto module = read_module(bytes);
    if (!module) continue;
    for (const ModuleLane& lane : module->lanes) (void)power_text(lane.rx_mw.value_or(0));
  }
}

}  // namespace
}  // namespace yoke::hal
