"""Settings come from ROWHOUSE_ variables, and a wrong one is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rowhouse.settings import Settings, SettingsError

URL = {"ROWHOUSE_DATABASE_URL": "postgresql://rowhouse:s3cret@db.example/rowhouse"}
REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_url_is_understood(scheme: str) -> None:
    settings = Settings.from_environment({"ROWHOUSE_DATABASE_URL": f"{scheme}://db/rowhouse"})
    assert settings.database_url == "postgresql+psycopg://db/rowhouse"


def test_the_password_is_never_shown() -> None:
    assert "s3cret" not in repr(Settings.from_environment(URL))
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"ROWHOUSE_DATABASE_URL": "mysql://rowhouse:s3cret@db/x"})
    assert "s3cret" not in str(error.value)
    assert "ROWHOUSE_DATABASE_URL: not a postgresql:// URL" in str(error.value)


def test_a_missing_database_is_named() -> None:
    with pytest.raises(SettingsError, match="ROWHOUSE_DATABASE_URL is not set"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROWHOUSE_COMPAT", "loose"),
        ("ROWHOUSE_POOL_SIZE", "many"),
        ("ROWHOUSE_POOL_SIZE", "0"),
        ("ROWHOUSE_LOCK_TIMEOUT", "-1"),
        ("ROWHOUSE_LOG_LEVEL", "CHATTY"),
        ("ROWHOUSE_CNI_DEFAULTS", "{"),
        ("ROWHOUSE_CNI_DEFAULTS", "[]"),
        ("ROWHOUSE_CNI_DEFAULTS", "@/nonexistent"),
    ],
)
def test_an_invalid_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{variable}={value!r}: ")):
        Settings.from_environment(URL | {variable: value})


def test_all_invalid_values_are_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"ROWHOUSE_COMPAT.*ROWHOUSE_POOL_SIZE"):
        Settings.from_environment(URL | {"ROWHOUSE_COMPAT": "x", "ROWHOUSE_POOL_SIZE": "x"})


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment(URL | {"ROWHOUSE_POOL_SIZE": ""}).pool_size == 16


def test_the_cni_defaults_are_an_object_or_a_file_with_one(tmp_path: Path) -> None:
    text = '{"gateway": "10.0.0.1"}'
    (tmp_path / "flat").write_text(text)
    for value in (text, f"@{tmp_path / 'flat'}"):
        settings = Settings.from_environment(URL | {"ROWHOUSE_CNI_DEFAULTS": value})
        assert settings.cni_defaults == {"gateway": "10.0.0.1"}


def test_the_reference_lists_every_setting_with_its_default() -> None:
    reference = REFERENCE.read_text()
    for name, field in Settings.model_fields.items():
        row = next((r for r in reference.splitlines() if f"| `ROWHOUSE_{name.upper()}` |" in r), "")
        assert row, f"docs/reference/settings.md lacks {name}"
        if not field.is_required():
            assert f"| `{field.get_default(call_default_factory=True)!s}` |" in row or (
                not field.get_default(call_default_factory=True) and "| |" in row
            )
