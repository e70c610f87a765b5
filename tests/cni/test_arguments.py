"""CNI_ARGS are read as types.LoadArgs reads them."""

from __future__ import annotations

import pytest

from rowhouse.cni.arguments import Arguments, parse_arguments
from rowhouse.domain.errors import InvalidEnvironment

MULTUS = (
    "IgnoreUnknown=true;K8S_POD_NAMESPACE=devops;K8S_POD_NAME=ipvl;"
    "K8S_POD_INFRA_CONTAINER_ID=aa35;K8S_POD_UID=1111;MAC=0a:00:00:00:00:01;IP=10.0.0.5,abcd::5/64"
)


def test_what_multus_sends_is_understood() -> None:
    assert parse_arguments(MULTUS) == Arguments(
        pod_name="ipvl",
        pod_namespace="devops",
        pod_uid="1111",
        addresses=("10.0.0.5", "abcd::5/64"),
        mac="0a:00:00:00:00:01",
    )


def test_no_arguments_are_no_error() -> None:
    assert parse_arguments("") == Arguments()


def test_the_last_of_repeated_keys_wins() -> None:
    assert parse_arguments("K8S_POD_NAME=a;K8S_POD_NAME=b").pod_name == "b"
    assert parse_arguments("IgnoreUnknown=0;X=1;IgnoreUnknown=1") == Arguments()


def test_blanks_around_listed_addresses_are_stripped() -> None:
    read = parse_arguments("IP=10.9.0.7/16, abcd::7/64;GATEWAY= 10.9.0.1")
    assert read.addresses == ("10.9.0.7/16", "abcd::7/64")
    assert read.gateways == ("10.9.0.1",)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "True"])
def test_ignore_unknown_ignores(value: str) -> None:
    assert parse_arguments(f"FOO=BAR;IgnoreUnknown={value}") == Arguments()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("K8S_POD_NAME=p;FOO=BAR", 'ARGS: unknown args ["FOO=BAR"]'),
        ("A=1;B=2;IgnoreUnknown=false", 'ARGS: unknown args ["A=1" "B=2"]'),
        ("k8s_pod_name=p", 'ARGS: unknown args ["k8s_pod_name=p"]'),
        ("K8S_POD_UID=1", 'ARGS: unknown args ["K8S_POD_UID=1"]'),
        ("IgnoreUnknown=1;K8S_POD_NAME", 'ARGS: invalid pair "K8S_POD_NAME"'),
        ("IgnoreUnknown=1;A=b=c", 'ARGS: invalid pair "A=b=c"'),
        ("IgnoreUnknown=1;", 'ARGS: invalid pair ""'),
        (
            "IgnoreUnknown=Yes",
            (
                'ARGS: error parsing value of pair "IgnoreUnknown=Yes": '
                "boolean unmarshal error: invalid input yes"
            ),
        ),
        ("K8S_POD_NAME=" + "p" * 254, "K8S_POD_NAME is longer than 253 bytes"),
    ],
)
def test_errors_have_upstreams_words_and_code_4(text: str, message: str) -> None:
    with pytest.raises(InvalidEnvironment) as caught:
        parse_arguments(text)
    assert caught.value.message == f"LoadArgs - CNI Args Parsing Error: {message}"
