"""The Ironic that other tests stand on."""

from pathlib import Path

import pytest

from .ironic_server import IronicOptions, ironic_server


@pytest.mark.parametrize("guarded", [False, True])
def test_a_real_ironic_answers_and_keeps_its_nodes_when_it_is_killed(tmp_path: Path, guarded: bool) -> None:
    with ironic_server(tmp_path, IronicOptions(http_basic=guarded, tls=guarded)) as ironic:
        made = ironic.request("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "hall.SN1"})
        ironic.kill()
        ironic.start()

        assert made["uuid"] == ironic.request("GET", "/v1/nodes/hall.SN1")["uuid"]
