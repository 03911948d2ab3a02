# SPDX-License-Identifier: Apache-2.0
"""The model of the pair's election, looked at in every state that it can reach."""

import pathlib
import re

import pytest

import checker
import runs

TREE = pathlib.Path(__file__).parents[2]
PAIR = TREE / "mgmt" / "pair"
README = pathlib.Path(__file__).parent / "README.md"


def defined(*lists):
    """As one list; of a name that is given twice the last counts."""
    return tuple({one.split("=")[0]: one for given in lists for one in given}.values())


def look(folder, title, define, large=False):
    found = checker.check(folder, define, large)
    print(f"\n{title:24} {found}", end="  ", flush=True)
    return found


def invariant(found):
    """The mark beside the assertion that failed: its line is found again by its text."""
    failed = re.sub(r"[\s()]", "", re.sub(r"^assertion violated|\(at depth.*", "", found.assertion))
    for marks in (("claimed[", "I3"), ("lease_epoch[", "I3"), ("told[", "I4"), ("gap", "I2"),
                  ("landed", "I13"), ("role[0]==4", "I9")):
        if marks[0] in failed:
            return marks[1]
    return "I1" if "page[0]" in failed else failed


@pytest.mark.parametrize("name", runs.WORLDS)
def test_it_holds_in_every_state(name, tmp_path):
    world = runs.WORLDS[name]
    found = look(tmp_path, name, defined(world.define), world.large)
    assert found.errors == 0, f"{world.holds}: {found.assertion}"
    assert found.complete, f"not every state was looked at: {found}"
    assert found.states > 10_000


@pytest.mark.parametrize("name", runs.MUTANTS)
def test_a_broken_rule_is_found(name, tmp_path):
    mutant = runs.MUTANTS[name]
    found = look(tmp_path, name, defined(runs.WORLDS[mutant.world].define, mutant.define))
    assert found.errors, f"nobody noticed: {mutant.broken}"
    assert invariant(found) == mutant.found_by, found.assertion


@pytest.mark.parametrize("name", runs.REACHED)
def test_it_is_reached(name, tmp_path):
    never, world = runs.REACHED[name]
    found = look(tmp_path, name, defined(runs.WORLDS[world].define, (f"NEVER={never}",)))
    assert found.errors, f"never reached in the world '{world}'"


def test_every_rule_of_the_election_has_its_place_in_the_correspondence():
    """So that a rule that is added is modelled, or is said not to be."""
    rules = re.search(r"struct Rules \{(.*?)\n\};", (PAIR / "rules.h").read_text(), re.S)[1]
    names = re.findall(r"\(\*(\w+)\)\(", rules)
    assert len(names) > 15
    told = README.read_text()
    assert not [name for name in names if f"`{name}`" not in told]


def rows():
    """(file, what is named in it, what stands for it) of each row of the correspondence."""
    for line in README.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`") and ".cpp" in cells[0]:
            yield cells[0].strip("`"), *(re.findall(r"`(\w+)`", cell) for cell in cells[1:])


def test_the_correspondence_names_what_is_there():
    model = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("*.pml"))
    seen = 0
    for file, functions, modelled in rows():
        code = (PAIR / file).read_text()
        assert not [name for name in functions if not re.search(rf"\b{name}\b", code)], file
        assert not [name for name in modelled if not re.search(rf"\b{name}\b", model)], file
        seen += 1
    assert seen >= 7
