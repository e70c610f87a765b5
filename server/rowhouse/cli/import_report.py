"""The report of an import: a diff for people, documents for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.terminal import plain
from rowhouse.domain.networks import DEFAULT_NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.output import Printer
    from rowhouse.domain.importing import Finding, KnownPool, NotTaken

_MARKS: Final = {
    "new": ("+", "green"),
    "there": ("=", None),
    "changed": ("~", "yellow"),
    "gone": ("-", "yellow"),
    "conflict": ("!", "red"),
    "refused": ("!", "red"),
}
_PROBLEMS: Final = {"conflict", "refused"}


class Report:
    """Collects findings, counts them, and shows them.

    Args:
        not_taken: entries that could not be read.
        dry_run: nothing was changed.
    """

    def __init__(self, not_taken: Sequence[NotTaken], *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self._not_taken = not_taken
        self._findings: list[Finding] = []
        self.counts: Counter[str] = Counter({"not taken": len(not_taken)})

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self._findings.append(finding)
        other = "gateways" if finding.address else "pools and slices"
        what = "addresses" if finding.what == "address" else other
        self.counts[f"{what} {finding.outcome}"] += 1

    @property
    def incomplete(self) -> bool:
        """Whether the import left something out."""
        return bool(self._not_taken) or any(one.outcome in _PROBLEMS for one in self._findings)

    @property
    def summary(self) -> str:
        """The counts, on one line."""
        counts = self.counts
        addresses = [
            f"{counts[f'addresses {outcome}']:,} {outcome}"
            for outcome in _MARKS
            if counts[f"addresses {outcome}"] or outcome in {"new", "there", "conflict"}
        ]
        pools = f"{counts['pools and slices new']:,} pools and slices new"
        if counts["gateways new"]:
            pools += f", {counts['gateways new']:,} gateways new"
        return f"{pools}; addresses: {', '.join(addresses)}; {counts['not taken']:,} not taken"

    def show(self, printer: Printer, *, wide: bool) -> None:
        """Print the report. For people, unchanged items are shown only with `wide`."""
        if not printer.for_people:
            printer.done("", self._document())
            return
        pool: KnownPool | None = None
        for finding in self._findings:
            if finding.pool != pool or not finding.address:
                pool = finding.pool
                self._show_pool(finding)
            if finding.address:
                self._show_address(finding, wide=wide)
        if self._not_taken:
            click.secho("not taken", bold=True)
        for one in self._not_taken:
            click.echo(f"  {click.style('x', fg='red')} {plain(one.source)}: {plain(one.reason)}")
        begin = "would be" if self.dry_run else "done"
        click.echo(f"{begin}: {self.summary}")

    def _show_pool(self, finding: Finding) -> None:
        network = f"network {finding.pool.network}" if finding.pool.network else DEFAULT_NETWORK
        alone = ", isolated" if finding.pool.isolated else ""
        title = f"{network}, pool {finding.pool.cidr}{alone}"
        if finding.what == "pool":
            detail = f" ({finding.detail})" if finding.detail else ""
            click.secho(f"{plain(title)}: {finding.outcome}{plain(detail)}", bold=True)
        elif not finding.address:
            self._mark(finding, finding.what)

    def _show_address(self, finding: Finding, *, wide: bool) -> None:
        quiet = finding.outcome == "there" or (finding.outcome == "new" and not self.dry_run)
        if quiet and not wide and not finding.notes:
            return
        held_by = f"{finding.owner} {finding.interface or '?'}"
        self._mark(
            finding,
            f"{finding.address:<16} {held_by if finding.what == 'address' else finding.what}",
        )
        for note in finding.notes:
            click.echo(f"      {plain(note)} [{plain(finding.source)}]")

    def _mark(self, finding: Finding, what: str) -> None:
        mark, color = _MARKS[finding.outcome]
        problem = f"{finding.outcome}: " if finding.outcome in _PROBLEMS else ""
        detail = f"  {problem}{finding.detail}" if problem or finding.detail else ""
        source = f" [{finding.source}]" if finding.outcome in _PROBLEMS and finding.source else ""
        click.echo(f"  {click.style(mark, fg=color)} {plain(what + detail + source)}")

    def _document(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "items": [
                {
                    "outcome": one.outcome,
                    "what": one.what,
                    "network": one.pool.network,
                    "pool": one.pool.cidr,
                    "address": one.address or None,
                    "owner": one.owner or None,
                    "interface": one.interface or None,
                    "detail": one.detail,
                    "source": one.source or None,
                    "notes": list(one.notes),
                }
                for one in self._findings
            ],
            "not_taken": [{"source": one.source, "reason": one.reason} for one in self._not_taken],
            "summary": {key.replace(" ", "_"): count for key, count in self.counts.items()},
        }
