import pytest

from gateway import Gateway
from upstream import Upstream


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def start(tmp_path, upstream):
    """Starts gateways and sees to it that each ends cleanly."""
    running = []

    def start(**options):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Gateway(folder, upstream, **options))
        return running[-1]

    yield start
    upstream.gate.set()
    for gateway in running:
        gateway.stop()


@pytest.fixture
def gateway(start):
    """A gateway with the embedded policy."""
    return start()
