// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/model/diff.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

bool is_at_or_below(const Path& path, const Path& top) {
  return path.words.size() >= top.words.size() &&
         std::equal(top.words.begin(), top.words.end(), path.words.begin());
}

Path parent_of(const Path& path) { return Path{{path.words.begin(), path.words.end() - 2}}; }

// Whether all of `after` at or below `top` is as it was in `before`, or gone.
bool is_unchanged_below(const Path& top, const Config& before, const Config& after) {
  for (auto at = after.records().lower_bound(top);
       at != after.records().end() && is_at_or_below(at->first, top); ++at) {
    const Fields* was = before.find(at->first);
    if (was == nullptr || *was != at->second) return false;
  }
  return true;
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
      if (settled_ && is_at_or_below(change.path, *settled_)) continue;
      settled_.reset();
      if (find_type(change.path.kind())->single) {
        merge_fields(change);  // whether it is there says nothing of its own
        continue;
      }
      switch (change.kind) {
        case Change::Kind::kAdded:
          add(change);
          break;
        case Change::Kind::kRemoved:
          remove(change.path);
          break;
        case Change::Kind::kChanged:
          this->change(change);
          break;
      }
    }
    return std::move(merged_);
  }

 private:
  void add(const Change& change) {
    const Path parent = parent_of(change.path);
    const bool they_removed_parent =
        !parent.words.empty() && base_.find(parent) != nullptr && theirs_.find(parent) == nullptr;
    if (they_removed_parent && merged_.config.find(parent) == nullptr) {
      conflict(parent);
      if (preferred_ == Side::kMine) restore(parent);
      return;
    }
    merge_fields(change);
  }

  void remove(const Path& path) {
    if (merged_.config.find(path) == nullptr) return;
    if (!is_unchanged_below(path, base_, theirs_)) {
      conflict(path);
      if (preferred_ == Side::kTheirs) return;
    }
    (void)merged_.config.remove(path);
  }

  void change(const Change& change) {
    if (theirs_.find(change.path) != nullptr) {
      merge_fields(change);
      return;
    }
    if (merged_.config.find(change.path) != nullptr) return;  // restored with all that is in it
    conflict(change.path);
    if (preferred_ == Side::kMine) restore(change.path);
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
         at != mine_.records().end() && is_at_or_below(at->first, path); ++at) {
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
