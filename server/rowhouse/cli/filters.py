"""The filters that several lists share: the API calls them by the same names."""

from __future__ import annotations

import click

from rowhouse.cli import completions
from rowhouse.domain.echo import shown

pool_filter = click.option(
    "--pool",
    shell_complete=completions.pools,
    metavar="POOL",
    help="Only this pool: its name, an alias, its CIDR or its id.",
)
network_filter = click.option(
    "--network",
    shell_complete=completions.networks,
    help='Only this network; "" is the default network.',
)
namespace_filter = click.option(
    "--namespace", shell_complete=completions.namespaces, help="Only this namespace."
)


def _label(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    if text is not None and not text.partition("=")[1]:
        raise click.BadParameter(f"{shown(text)} is not KEY=VALUE", context, option)
    return text


label_filter = click.option(
    "-l",
    "--label",
    metavar="KEY=VALUE",
    callback=_label,
    help="Only objects with this label.",
)
cluster_filter = click.option(
    "--cluster", help='Only this cluster; "" is the cluster without a name.'
)
node_filter = click.option("--node", shell_complete=completions.nodes, help="Only this node.")
