"""Settings come from ROWHOUSE_ variables, and a wrong one is named.

tests/chart/test_environment.py checks that users of the chart can set each of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from rowhouse.settings import Settings, SettingsError

URL = {"ROWHOUSE_DATABASE_URL": "postgresql://rowhouse:s3cret@db.example/rowhouse"}
REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_url_is_understood(scheme: str) -> None:
    settings = Settings.from_environment({"ROWHOUSE_DATABASE_URL": f"{scheme}://db/rowhouse"})
    assert settings.database.conninfo() == "postgresql://db/rowhouse"


def test_the_password_is_never_shown() -> None:
    assert "s3cret" not in repr(Settings.from_environment(URL))
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"ROWHOUSE_DATABASE_URL": "mysql://rowhouse:s3cret@db/x"})
    assert "s3cret" not in str(error.value)
    assert "ROWHOUSE_DATABASE_URL: not a postgresql:// URL" in str(error.value)


def test_a_missing_database_is_named() -> None:
    with pytest.raises(SettingsError, match="neither ROWHOUSE_DATABASE_URL nor"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "the file cannot be read: No such file or directory"),
        (b"", "the file is empty"),
        (b"\n", "the file is empty"),
        (b"\xff", "the file is not UTF-8 text"),
        (b"mysql://rowhouse:s3cret@db/x", "its content is not a postgresql:// URL"),
        (b"postgresql://rowhouse:s3cret@[::1/x", "its content is not a URL that PostgreSQL's"),
    ],
)
def test_a_file_without_a_url_is_named_and_its_content_is_not_shown(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "url"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"ROWHOUSE_DATABASE_URL_FILE": str(file)})
    assert f"ROWHOUSE_DATABASE_URL_FILE={str(file)!r}: {problem}" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_a_folder_is_no_file_with_a_url(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the file cannot be read: Is a directory"):
        Settings.from_environment({"ROWHOUSE_DATABASE_URL_FILE": str(tmp_path)})


def test_a_url_and_a_file_with_another_one_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(URL["ROWHOUSE_DATABASE_URL"] + "\n")
    both = URL | {"ROWHOUSE_DATABASE_URL_FILE": str(file)}
    assert Settings.from_environment(both).database.conninfo() == URL["ROWHOUSE_DATABASE_URL"]
    file.write_text("postgresql://rowhouse:other@db.example/rowhouse")
    with pytest.raises(SettingsError, match=r"URL and .*_FILE name different databases") as error:
        Settings.from_environment(both)
    assert "s3cret" not in str(error.value)
    assert "other@" not in str(error.value)


def test_a_password_in_a_file_needs_no_escaping(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/w'ord \\%41\n")
    given = {
        "ROWHOUSE_DATABASE_URL": "postgresql://rowhouse@db.example/rowhouse",
        "ROWHOUSE_DATABASE_PASSWORD_FILE": str(file),
    }
    found = conninfo_to_dict(Settings.from_environment(given).database.conninfo())
    assert found == {
        "user": "rowhouse",
        "host": "db.example",
        "dbname": "rowhouse",
        "password": "p@ss/w'ord \\%41",
    }
    with pytest.raises(
        SettingsError, match=r"PASSWORD_FILE=.*the database URL contains a password"
    ):
        Settings.from_environment(given | URL)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROWHOUSE_COMPAT", "loose"),
        ("ROWHOUSE_POOL_SIZE", "many"),
        ("ROWHOUSE_POOL_SIZE", "0"),
        ("ROWHOUSE_LOCK_TIMEOUT", "-1"),
        ("ROWHOUSE_LOG_LEVEL", "CHATTY"),
        ("ROWHOUSE_FORWARDED_ALLOW_IPS", "proxy.example.org"),
        ("ROWHOUSE_FORWARDED_ALLOW_IPS", "10.0.0.1, 10.0.0.1/8"),
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
            ), f"docs/reference/settings.md has another default of {name}"
