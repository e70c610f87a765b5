"""The formats of `-o`, and how a document is written in those for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.output.columns import naming, value_of
from rowhouse.cli.terminal import plain, plain_json
from rowhouse.domain.echo import shown
from rowhouse.domain.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.output.columns import Column

FORMATS: Final = ("table", "wide", "json", "yaml", "csv", "name")
JSONPATH: Final = "jsonpath"


@dataclass(frozen=True, slots=True)
class Format:
    """A format, and for `jsonpath` its expression (RFC 9535)."""

    kind: str = "table"
    path: str = ""

    @property
    def for_people(self) -> bool:
        """Whether the output is for people."""
        return self.kind in {"table", "wide"}

    def documents(
        self, found: Sequence[Document], whole: Document, columns: Sequence[Column]
    ) -> str:
        """Write for programs: `found` one by one, or `whole`, the document that contains them all."""
        if self.kind == "csv":
            return as_csv(found, columns)
        if self.kind == "name":
            name = naming(columns)
            return "".join(f"{plain(str(value_of(one, name)))}\n" for one in found)
        if self.kind == JSONPATH:
            return "".join(f"{_scalar(value)}\n" for value in _matches(self.path, whole))
        return self.document(whole)

    def document(self, whole: Document) -> str:
        """Write one document that has no columns: as YAML, else as JSON."""
        if self.kind != "yaml":
            return plain_json(json.dumps(whole, indent=2, ensure_ascii=False)) + "\n"
        import yaml  # noqa: PLC0415 - rarely needed

        return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def as_csv(found: Sequence[Document], columns: Sequence[Column], *, heading: bool = True) -> str:
    """Write rows as CSV (RFC 4180), all columns, by the names that the API's documents have."""
    text = io.StringIO()
    rows = csv.writer(text)
    if heading:
        rows.writerow(column.path for column in columns)
    for one in found:
        rows.writerow(_csv_cell(value_of(one, column)) for column in columns)
    return text.getvalue()


class _OutputFormat(click.ParamType[Format]):
    name = "FORMAT"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        return f"[{'|'.join(FORMATS)}|{JSONPATH}=PATH]"

    def convert(
        self, value: str | Format, param: click.Parameter | None, ctx: click.Context | None
    ) -> Format:
        if isinstance(value, Format):
            return value
        kind, equals, path = value.partition("=")
        if kind == JSONPATH and equals:
            try:
                path = _rfc9535(path)
                _compiled(path)
            except ValueError as error:
                self.fail(f"{shown(value)}: {error}", param, ctx)
            return Format(JSONPATH, path)
        if value not in FORMATS:
            self.fail(
                f"{shown(value)} is not one of {', '.join(FORMATS)} and {JSONPATH}=PATH,"
                " for example jsonpath='{.items[*].address}'",
                param,
                ctx,
            )
        return Format(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return click.Choice((*FORMATS, f"{JSONPATH}=")).shell_complete(ctx, param, incomplete)


output_option: Final[Callable[[Any], Any]] = click.option(
    "-o",
    "--output",
    "form",
    type=_OutputFormat(),
    default="table",
    show_default=True,
    help="Output format.",
)


def _rfc9535(path: str) -> str:
    """Accept a path as kubectl writes it as well: `{.items[*].address}`. Raises ValueError."""
    if path.startswith("{"):
        if not path.endswith("}"):
            raise ValueError("the closing } is missing")
        path = path[1:-1]
    if not path:
        raise ValueError("the path is empty; $ is the whole document")
    return path if path.startswith("$") else f"${path}" if path[:1] in ".[" else f"$.{path}"


def _compiled(path: str) -> Any:
    """Parse a path. Raises ValueError, with the reason."""
    import jsonpath  # noqa: PLC0415 - rarely needed

    try:
        return jsonpath.JSONPathEnvironment(strict=True).compile(path)
    except jsonpath.JSONPathError as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _matches(path: str, whole: Document) -> list[Any]:
    found: list[Any] = _compiled(path).findall(whole)
    return found


def _csv_cell(value: Any) -> str:
    return harmless(plain(value)) if isinstance(value, str) else _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value)
    return plain_json(json.dumps(value, ensure_ascii=False))
