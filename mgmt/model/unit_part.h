// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/model/config.h"
#include "mgmt/model/records.h"

// What of a configuration belongs to one unit: the fields and the kinds that the schema marks
// `of_unit`. All else is shared by a pair. Whoever edits, compares or commits sees one
// configuration; who stores or replicates it sees two parts. PURE. Threads: any.
namespace yoke::model {

struct RecordType;

// Whether records of this kind belong to the unit as a whole.
[[nodiscard]] bool belongs_to_unit(const RecordType& type) noexcept;

struct Parts {
  Records shared;
  Records own;  // a record that has fields on both sides is in both
};
[[nodiscard]] Parts split(const Records& whole);

// The two as one again: what split() took apart, exactly. Parts of different configurations may be
// joined as well: the unit's own fields of a record that `shared` has not are left out, and what
// was written when the schema's marks were others stays where it is.
[[nodiscard]] Records join(const Records& shared, const Records& own);

// What `config` leaves open of the unit's own is as `running` has it.
void keep_own(Config& config, const Config& running);

}  // namespace yoke::model
