"""The site of one project, built once, and again with harmless names."""

from pathlib import Path

import pytest

from feature_site.project import made, read
from feature_warehouse.site.build import Built, build_site
from harness.mini import Mini


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Mini:
    return made(tmp_path_factory.mktemp("site") / "shop & <co>")


@pytest.fixture(scope="session")
def built(shop: Mini, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_site([read(shop)], tmp_path_factory.mktemp("a site #1"))


@pytest.fixture(scope="session")
def site(built: Built) -> Path:
    return built.index.parent


@pytest.fixture(scope="session")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project, in which nobody means any harm."""
    folder = tmp_path_factory.mktemp("harmless")
    mini = made(folder / "shop", "plain.name")
    return build_site([read(mini)], folder / "site").index.parent
