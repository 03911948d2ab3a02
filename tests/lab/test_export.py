# SPDX-License-Identifier: Apache-2.0
"""What a unit exports is what it takes: as set-commands, as JSON, and as the JSON Schema says."""

import json

import jsonschema
import pytest

NO_CHANGE = "No change"


@pytest.fixture(scope="module", name="schema")
def _schema(lab):
    schema = json.loads(lab.unit.yoke("export", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("form", ["set", "json"])
def test_what_is_exported_is_applied_without_a_change(lab, tmp_path, form):
    path = tmp_path / "configuration"
    lab.unit.yoke("-c", f"export {form} | save {path}")
    before = lab.unit.manage("config")
    done = lab.unit.yoke("apply", str(path))
    assert NO_CHANGE in done.stdout + done.stderr
    assert lab.unit.manage("config") == before


def test_the_schema_takes_what_the_unit_exports(lab, schema):
    jsonschema.validate(json.loads(lab.unit.yoke("export", "json").stdout), schema)


@pytest.mark.parametrize("wrong", [
    {},
    {"schema": "yoke/2"},
    {"schema": "yoke/1", "vips": {}},
    {"schema": "yoke/1", "vip": {"web": {}}},
    {"schema": "yoke/1", "vip": {"web": {"address": "192.0.2.1"}}},
    {"schema": "yoke/1", "vip": {"9": {"address": "192.0.2.1:80/tcp"}}},
    {"schema": "yoke/1", "pool": {"web": {"method": "dnat"}}},
    {"schema": "yoke/1", "pool": {"web": {"server": {"192.0.2.1:80": {"weight": "2"}}}}},
    {"schema": "yoke/1", "pool": {"web": {"server": {"192.0.2.1:80": {"weight": 257}}}}},
    {"schema": "yoke/1", "pool": {"web": {"check": {"tcp": {"path": "/"}}}}},
    {"schema": "yoke/1", "pool": {"web": {"check": {"http": {"expect": []}}}}},
    {"schema": "yoke/1", "system": {"name": 7}},
])
def test_what_the_schema_refuses_the_unit_refuses(lab, schema, tmp_path, wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong))
    assert lab.unit.yoke("apply", "--dry-run", str(path), check=False).returncode != 0


def test_a_file_that_cannot_be_written_is_told(lab, tmp_path):
    done = lab.unit.yoke("-c", f"export | save {tmp_path}/none/there", check=False)
    assert done.returncode == 1
    assert "E-411" in done.stderr
