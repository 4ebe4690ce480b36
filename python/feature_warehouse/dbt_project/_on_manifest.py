"""Run dbt on a manifest that is there.

Called as ``python -m feature_warehouse.dbt_project._on_manifest FILE ...``.

Nothing is parsed. So what is selected or compiled is what was built, with the variables and the
environment of that time, and dbt is ready sooner.
"""

import sys
from pathlib import Path

from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

if __name__ == "__main__":
    file, *arguments = sys.argv[1:]
    written = WritableManifest.read_and_check_versions(str(Path(file)))
    manifest = Manifest.from_writable_manifest(written)
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]  # what macros call ``graph``
    sys.exit(not dbtRunner(manifest=manifest).invoke(arguments).success)
