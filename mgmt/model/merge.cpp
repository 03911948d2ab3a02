// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/model/diff.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

// Whether all at or below `top` is the same in both.
bool is_same_below(const Path& top, const Config& one, const Config& other) {
  auto here = one.records().lower_bound(top);
  auto there = other.records().lower_bound(top);
  const auto is_in = [&](const auto& at, const Config& config) {
    return at != config.records().end() && at->first.is_at_or_below(top);
  };
  for (; is_in(here, one) && is_in(there, other); ++here, ++there) {
    if (*here != *there) return false;
  }
  return !is_in(here, one) && !is_in(there, other);
}

std::optional<std::string> value_in(const Fields* fields, const std::string& name) {
  if (fields == nullptr) return std::nullopt;
  const auto found = fields->find(name);
  return found == fields->end() ? std::nullopt : std::optional(found->second);
}

// Does one change after the other to what the others made of it. Owned by one call.
class Merger {
 public:
  Merger(const Config& base, const Config& mine, const Config& theirs, Side preferred)
      : base_(base), mine_(mine), theirs_(theirs), preferred_(preferred), merged_{theirs, {}} {}

  Merged run() {
    for (const Change& change : diff(base_, mine_)) {
      // A conflict about a whole record settles all that lives in it.
      if (settled_ && change.path.is_at_or_below(*settled_)) continue;
      settled_.reset();
      if (find_type(change.path.kind())->single) {
        merge_fields(change);  // whether it is there says nothing of its own
        continue;
      }
      if (change.kind == Change::Kind::kRemoved) {
        remove(change.path);
      } else {
        keep(change);
      }
    }
    return std::move(merged_);
  }

 private:
  // A record of mine that is new or changed, in one that they may have removed.
  void keep(const Change& change) {
    const auto removed = removed_by_them(change.path);
    if (!removed) {
      merge_fields(change);
      return;
    }
    conflict(*removed);
    if (preferred_ == Side::kMine) restore(*removed);
  }

  // The outermost record around `path`, or itself, that was in the base and is gone.
  [[nodiscard]] std::optional<Path> removed_by_them(const Path& path) const {
    for (std::ptrdiff_t depth = 2; depth <= std::ssize(path.words); depth += 2) {
      const Path around{{path.words.begin(), path.words.begin() + depth}};
      if (base_.find(around) != nullptr && theirs_.find(around) == nullptr) return around;
    }
    return std::nullopt;
  }

  void remove(const Path& path) {
    if (merged_.config.find(path) == nullptr) return;
    // Of a part that they removed too it may be a rename of mine that would bring it back.
    if (!is_same_below(path, base_, theirs_)) {
      conflict(path);
      if (preferred_ == Side::kTheirs) return;
    }
    (void)merged_.config.remove(path);
  }

  void merge_fields(const Change& change) {
    const Fields* theirs = theirs_.find(change.path);
    Fields set;
    std::vector<std::string> unset;
    for (const auto& [name, values] : change.fields) {
      const auto now = value_in(theirs, name);
      if (now == values.after) continue;
      if (now != values.before) {
        merged_.conflicts.push_back({change.path, name, values.after, now});
        if (preferred_ == Side::kTheirs) continue;
      }
      if (values.after) {
        set.emplace(name, *values.after);
      } else {
        unset.push_back(name);
      }
    }
    // Values were canonical where they come from, so that nothing of this is refused.
    if (!set.empty() || theirs == nullptr) (void)merged_.config.set(change.path, set);
    if (!unset.empty()) (void)merged_.config.remove(change.path, unset);
  }

  void conflict(const Path& path) {
    settled_ = path;
    merged_.conflicts.push_back({path, {}, {}, {}});
  }

  // What they removed, as I have it.
  void restore(const Path& path) {
    for (auto at = mine_.records().lower_bound(path);
         at != mine_.records().end() && at->first.is_at_or_below(path); ++at) {
      (void)merged_.config.set(at->first, at->second);
    }
  }

  const Config& base_;
  const Config& mine_;
  const Config& theirs_;
  Side preferred_;
  Merged merged_;
  std::optional<Path> settled_;
};

std::string shown_value(const Conflict& conflict, const std::optional<std::string>& value) {
  if (value) return quote(*value);
  const Field* field = find_field(*find_type(conflict.path.kind()), conflict.field);
  if (field == nullptr || field->default_value.empty()) return "(none)";
  return quote(field->default_value);
}

}  // namespace

Merged merge(const Config& base, const Config& mine, const Config& theirs, Side preferred) {
  if (base == theirs) return {mine, {}};
  return Merger(base, mine, theirs, preferred).run();
}

std::string to_text(const Conflict& conflict) {
  const std::string path = conflict.path.to_string();
  if (path.empty()) return "the whole configuration is replaced, and others have changed it since";
  if (conflict.field.empty()) {
    return fmt::format("{}: removed by one, changed by the other", path);
  }
  return fmt::format("{} {}: {} here, {} there", path, conflict.field,
                     shown_value(conflict, conflict.mine), shown_value(conflict, conflict.theirs));
}

}  // namespace yoke::model
