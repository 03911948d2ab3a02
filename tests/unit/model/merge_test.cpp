// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/merge.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>

#include "mgmt/model/diff.h"
#include "tests/unit/model/edited.h"

namespace yoke::model {
namespace {

using testing::edited;

Config base() {
  return edited(
      {}, {"set pool web method dsr", "set pool web server 192.0.2.11:80 192.0.2.12:80 weight 2",
           "set pool web check http GET /health", "set pool dns",
           "set vip web 203.0.113.10:80/tcp pool web", "set system name lb-a"});
}

struct Row {
  std::vector<std::string> mine, theirs;
  std::string conflicts;                 // as text
  std::vector<std::string> with_mine;    // what base() becomes where mine is preferred
  std::vector<std::string> with_theirs;  // and theirs
};

const Row kRows[] = {
    {{"set vip web idle-timeout 5m"},
     {"set pool web method nat"},
     "",
     {"set vip web idle-timeout 5m", "set pool web method nat"},
     {"set vip web idle-timeout 5m", "set pool web method nat"}},
    {{"set pool web server 192.0.2.11:80 weight 3"},
     {"disable pool web server 192.0.2.11:80"},
     "",
     {"set pool web server 192.0.2.11:80 weight 3 enabled no"},
     {"set pool web server 192.0.2.11:80 weight 3 enabled no"}},
    {{"set pool web server 192.0.2.11:80 weight 3"},
     {"set pool web server 192.0.2.11:80 weight 5"},
     "pool web server 192.0.2.11:80 weight: 3 here, 5 there\n",
     {"set pool web server 192.0.2.11:80 weight 3"},
     {"set pool web server 192.0.2.11:80 weight 5"}},
    {{"set pool web server 192.0.2.11:80 weight 1"},
     {"set pool web server 192.0.2.11:80 weight 5"},
     "pool web server 192.0.2.11:80 weight: 1 here, 5 there\n",
     {"set pool web server 192.0.2.11:80 weight 1"},
     {"set pool web server 192.0.2.11:80 weight 5"}},
    {{"set vip web snat 192.0.2.9"},
     {"set vip web snat 192.0.2.9"},
     "",
     {"set vip web snat 192.0.2.9"},
     {"set vip web snat 192.0.2.9"}},
    {{"set vip new 203.0.113.11:80/tcp pool web"},
     {"set vip new 203.0.113.12:80/tcp idle-timeout 5m"},
     "vip new address: 203.0.113.11:80/tcp here, 203.0.113.12:80/tcp there\n",
     {"set vip new 203.0.113.11:80/tcp pool web idle-timeout 5m"},
     {"set vip new 203.0.113.12:80/tcp pool web idle-timeout 5m"}},
    {{"delete pool web"},
     {"set pool web server 192.0.2.12:80 weight 5"},
     "pool web: removed by one, changed by the other\n",
     {"delete pool web"},
     {"set pool web server 192.0.2.12:80 weight 5"}},
    {{"delete pool web server 192.0.2.11:80"},
     {"set pool web server 192.0.2.12:80 weight 5"},
     "",
     {"delete pool web server 192.0.2.11:80", "set pool web server 192.0.2.12:80 weight 5"},
     {"delete pool web server 192.0.2.11:80", "set pool web server 192.0.2.12:80 weight 5"}},
    {{"delete pool dns"},
     {"set pool dns server 192.0.2.53:53"},
     "pool dns: removed by one, changed by the other\n",
     {"delete pool dns"},
     {"set pool dns server 192.0.2.53:53"}},
    {{"set pool web server 192.0.2.12:80 weight 5", "set pool web method nat"},
     {"delete pool web"},
     "pool web: removed by one, changed by the other\n",
     {"set pool web server 192.0.2.12:80 weight 5", "set pool web method nat"},
     {"delete pool web"}},
    {{"set pool dns server 192.0.2.53:53"},
     {"delete pool dns"},
     "pool dns: removed by one, changed by the other\n",
     {"set pool dns server 192.0.2.53:53"},
     {"delete pool dns"}},
    {{"set pool web server 192.0.2.12:80 weight 5"},
     {"delete pool web"},
     "pool web: removed by one, changed by the other\n",
     {"set pool web server 192.0.2.12:80 weight 5"},
     {"delete pool web"}},
    {{"set pool web server 192.0.2.13:80", "set pool web server 192.0.2.12:80 weight 5"},
     {"delete pool web"},
     "pool web: removed by one, changed by the other\n",
     {"set pool web server 192.0.2.13:80", "set pool web server 192.0.2.12:80 weight 5"},
     {"delete pool web"}},
    {{"delete pool web"},
     {"delete pool web server 192.0.2.12:80"},
     "pool web: removed by one, changed by the other\n",
     {"delete pool web"},
     {"delete pool web server 192.0.2.12:80"}},
    {{"delete pool dns"}, {"delete pool dns"}, "", {"delete pool dns"}, {"delete pool dns"}},
    {{"set system banner hi"},
     {"delete system name"},
     "",
     {"set system banner hi", "delete system name"},
     {"set system banner hi", "delete system name"}},
    {{"delete system"},
     {"set system name lb-b banner hi"},
     "system name: (none) here, lb-b there\n",
     {"delete system", "set system banner hi"},
     {"set system name lb-b banner hi"}},
};

TEST(Merge, TakesWhatOneChangedAndTellsWhatBothDid) {
  for (const Row& row : kRows) {
    const std::string name = row.mine.front() + " / " + row.theirs.front();
    const Config mine = edited(base(), row.mine);
    const Config theirs = edited(base(), row.theirs);
    const Merged with_mine = merge(base(), mine, theirs, Side::kMine);
    const Merged with_theirs = merge(base(), mine, theirs, Side::kTheirs);
    std::string conflicts;
    for (const Conflict& conflict : with_mine.conflicts) conflicts += to_text(conflict) + '\n';
    EXPECT_EQ(conflicts, row.conflicts) << name;
    EXPECT_EQ(with_theirs.conflicts, with_mine.conflicts) << name;
    EXPECT_EQ(with_mine.config, edited(base(), row.with_mine)) << name;
    EXPECT_EQ(with_theirs.config, edited(base(), row.with_theirs)) << name;
  }
}

// What a configuration is, as places with values: of records that they are there, of fields their
// text. Merging such maps place by place is the independent recomputation.
using Places = std::map<std::pair<Path, std::string>, std::string>;

Places places(const Config& config) {
  Places all;
  for (const auto& [path, fields] : config.records()) {
    all[{path, ""}] = "there";
    for (const auto& [name, value] : fields) all[{path, name}] = value;
  }
  return all;
}

struct NaiveMerge {
  Places places;
  bool collides = false;
};

NaiveMerge naive_merge(const Places& base, const Places& mine, const Places& theirs) {
  const auto at = [](const Places& in, const auto& place) {
    const auto found = in.find(place);
    return found == in.end() ? std::string() : found->second;
  };
  Places keys = base;
  keys.insert(mine.begin(), mine.end());
  keys.insert(theirs.begin(), theirs.end());
  NaiveMerge merged;
  for (const auto& [place, ignored] : keys) {
    const std::string was = at(base, place);
    const std::string here = at(mine, place);
    const std::string there = at(theirs, place);
    if (here != was && there != was && here != there) merged.collides = true;
    const std::string now = here != was ? here : there;
    if (!now.empty()) merged.places[place] = now;
  }
  for (const auto& [place, value] : merged.places) {
    Path owner = place.first;
    if (place.second.empty()) owner.words.resize(owner.words.size() - 2);
    const bool has_owner = owner.words.empty() || merged.places.contains({owner, ""});
    if (!has_owner) merged.collides = true;
  }
  return merged;
}

// Few records and values, so that two people often meet.
class Editor {
 public:
  explicit Editor(unsigned seed) : random_(seed) {}

  Config some_edits(Config config, unsigned most) {
    for (unsigned i = below(most + 1); i > 0; --i) edit_once(config);
    return config;
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  void edit_once(Config& config) {
    const std::string pool = below(2) == 0 ? "a" : "b";
    const std::string server = "192.0.2." + std::to_string(1 + below(2)) + ":80";
    const std::string number = std::to_string(below(4));
    const std::array<std::string, 7> lines{
        "set pool " + pool + " method " + (below(2) == 0 ? "nat" : "dsr"),
        "set pool " + pool + " server " + server + " weight " + number,
        "set pool " + pool + " server " + server + " enabled " + (below(2) == 0 ? "yes" : "no"),
        "delete pool " + pool + " server " + server,
        "delete pool " + pool,
        "set vip v 203.0.113." + number + ":80/tcp pool " + pool,
        "delete vip v"};
    // What is not there cannot be removed.
    (void)edit(config, parse_command(lines[below(lines.size())]).value());
  }

  std::mt19937_64 random_;
};

TEST(Merge, ARenameBringsNothingBackThatSomebodyRemoved) {
  const Config mine = edited(base(), {"rename pool web to shop"});
  for (const char* line : {"delete pool web server 192.0.2.11:80", "delete pool web check http",
                           "set pool web server 192.0.2.13:80"}) {
    const Merged merged = merge(base(), mine, edited(base(), {line}), Side::kTheirs);
    EXPECT_FALSE(merged.conflicts.empty()) << line;
  }
}

TEST(Merge, IsThatOfEveryPlaceOnItsOwn) {
  unsigned merged_whole = 0;
  unsigned in_conflict = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Editor editor(seed);
    const Config before = editor.some_edits({}, 12);
    const Config mine = editor.some_edits(before, 3);
    const Config theirs = editor.some_edits(before, 3);
    const NaiveMerge naive = naive_merge(places(before), places(mine), places(theirs));
    const Merged merged = merge(before, mine, theirs, Side::kMine);
    const Merged other = merge(before, mine, theirs, Side::kTheirs);
    EXPECT_EQ(merged.conflicts, other.conflicts) << seed;
    if (merged.conflicts.empty()) {
      ++merged_whole;
      EXPECT_FALSE(naive.collides) << seed;
      EXPECT_EQ(places(merged.config), naive.places) << seed;
      EXPECT_EQ(merged.config, other.config) << seed;
    } else {
      ++in_conflict;
      EXPECT_NE(mine, before) << seed;
      EXPECT_NE(theirs, before) << seed;
    }
    // Whatever was preferred, no record is without the one that it lives in.
    for (const Config* config : {&merged.config, &other.config}) {
      for (const auto& [path, fields] : config->records()) {
        if (path.words.size() == 2) continue;
        const Path owner{{path.words.begin(), path.words.end() - 2}};
        EXPECT_NE(config->find(owner), nullptr) << seed << " " << path.to_string();
      }
    }
  }
  EXPECT_GT(merged_whole, 500U);
  EXPECT_GT(in_conflict, 50U);
}

TEST(Merge, OfWhatOneDidAloneIsWhatHeDid) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Editor editor(seed);
    const Config before = editor.some_edits({}, 12);
    const Config after = editor.some_edits(before, 5);
    EXPECT_EQ(merge(before, after, before, Side::kTheirs).config, after);
    EXPECT_EQ(merge(before, before, after, Side::kMine).config, after);
    const Merged same = merge(before, after, after, Side::kMine);
    EXPECT_TRUE(same.conflicts.empty());
    EXPECT_EQ(same.config, after);
  }
}

}  // namespace
}  // namespace yoke::model
