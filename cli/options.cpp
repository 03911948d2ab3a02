// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "cli/line_reader.h"

namespace yoke::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kExamples =
    "yoke: the command line of a Yoke load balancer\n"
    "\n"
    "  yoke                                   a session; ? tells what can be typed\n"
    "  yoke show pool web                     one command\n"
    "  yoke show pool web --json              the same as one JSON object\n"
    "  yoke -c 'set pool web method dsr' -c commit\n"
    "  yoke apply --dry-run unit.conf         what a file would change\n"
    "  yoke apply unit.conf                   make it the whole configuration\n"
    "  yoke apply --confirm 5m unit.conf      and undo it unless confirmed\n"
    "  yoke < commands                        commands from a file, up to an error\n"
    "\n";

po::options_description visible_options(Options& options) {
  po::options_description description("Options");
  auto add = description.add_options();
  add("command,c", po::value(&options.commands)->value_name("COMMAND")->composing(),
      "run this command; several share one session");
  add("json", po::bool_switch(&options.json), "answer in JSON");
  add("dry-run", po::bool_switch(&options.dry_run), "of apply: change nothing");
  add("confirm", po::value(&options.confirm)->value_name("TIME"),
      "of apply: undo it unless confirmed in time");
  add("note", po::value(&options.note)->value_name("TEXT"), "of apply: why, for the history");
  add("root", po::value(&options.root)->value_name("DIR"), "the unit below this folder");
  add("help,h", po::bool_switch(&options.help), "this text");
  add("version", po::bool_switch(&options.version), "the version");
  return description;
}

tl::unexpected<Error> bad(std::string text) {
  return fail(Errc::kInvalid, "E-112", std::move(text));
}

Status check(const Options& options) {
  if (!options.commands.empty() && !options.words.empty()) {
    return bad("-c and a command of its own do not go together: expected one of the two");
  }
  const bool applies = !options.words.empty() && options.words.front() == "apply";
  if ((options.dry_run || !options.note.empty() || !options.confirm.empty()) && !applies) {
    return bad("--dry-run, --confirm and --note belong to: yoke apply FILE");
  }
  if (!options.confirm.empty()) {
    if (const auto time = confirm_time(options.confirm); !time) {
      return bad("--confirm: " + time.error().text);
    }
  }
  if (applies && options.words.size() != 2) return bad("apply needs one file: yoke apply FILE");
  return {};
}

}  // namespace

Result<Options> read_options(const std::vector<std::string>& arguments) {
  Options options;
  po::options_description all = visible_options(options);
  all.add_options()("word", po::value(&options.words));
  po::positional_options_description positional;
  positional.add("word", -1);
  // No guessing: an option cut short would change its meaning with the next release.
  constexpr auto kStyle =
      po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(
        po::command_line_parser(arguments).options(all).positional(positional).style(kStyle).run(),
        values);
    po::notify(values);
  } catch (const po::error& error) {
    return bad(error.what());
  }
  if (auto fine = check(options); !fine) return tl::unexpected(fine.error());
  return options;
}

std::string usage() {
  Options unused;
  std::ostringstream text;
  text << kExamples << visible_options(unused);
  return text.str();
}

}  // namespace yoke::cli
