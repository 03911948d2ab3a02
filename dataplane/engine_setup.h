// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataplane/io/eal.h"
#include "dataplane/io/packet_engine.h"
#include "hal/board.h"

// From the board file to what io takes. Threads: values, any.
namespace yoke {

// Whether a port can be made of its device, as far as can be told without taking it, and while
// another process may have it. E-322, E-323, E-325, E-326.
[[nodiscard]] Status judge_port(const hal::BoardPort& port);

// What of `board` only io or this machine can judge (devices, interfaces, cores), each mistake with
// its line: read_board()'s judge.
[[nodiscard]] std::vector<Error> judge_board(const hal::Board& board);

// Of a board that judge_board() found in order.
[[nodiscard]] io::EngineConfig engine_config(const hal::Board& board);

// `run_folder` is where DPDK's telemetry socket goes.
[[nodiscard]] io::EalConfig eal_config(const hal::Board& board, const io::EngineConfig& engine,
                                       const std::string& run_folder);

}  // namespace yoke
