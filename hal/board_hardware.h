// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hal/platform.h"

// What a board file says of a box beside its data ports: what is held against the machine by
// yoke-board, and watched while it runs. Threads: values, any.
namespace yoke::hal {

// A value that another folder makes sense of, with the line to name if it cannot.
struct BoardText {
  std::string value;
  int line = 0;
};

// A port of the case that stays the kernel's: management, the link between two units.
struct BoardInterface {
  std::string name;  // as the unit calls it
  int line = 0;      // of its section
  BoardText slot;    // "0000:05:00.0"
  BoardText label;   // as printed on the case
};

struct BoardSensor {
  std::string name;  // as the unit calls it
  int line = 0;
  BoardText source;  // "coretemp/temp1"
  SensorKind kind{};
  bool is_supply = false;  // of power: lost where its reading is gone or 0
  // Alarms: below, above, and above where the box is at risk. Where the file says none, those of
  // the driver count.
  std::optional<double> low, high, critical;
  // What such an alarm takes from the unit's health for all groups; 0: the unit may hold none.
  // Nothing: it is told and no more.
  std::optional<unsigned> weight;
};

struct BoardRelay {
  std::string name;
  int line = 0;
  BoardText ports;  // the two that it joins: "wan,lan"
  BoardText file;
  Relay relay;
};

struct BoardHardware {
  BoardText vendor;    // as DMI's begins
  BoardText model;     // likewise; one of several, parted by commas
  BoardText watchdog;  // identity, "iTCO_wdt"
  std::chrono::seconds pretimeout{0};
  std::vector<BoardInterface> interfaces;
  std::vector<BoardSensor> sensors;
  BoardText role_led, alarm_led, locate_led;  // names below /sys/class/leds
  std::vector<BoardRelay> relays;
};

}  // namespace yoke::hal
