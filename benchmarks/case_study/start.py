"""`python start.py PORT`: the app on that version of Open WebUI which `OPEN_WEBUI` names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    version = Path(os.environ["CASE_STUDY"]) / os.environ["OPEN_WEBUI"]
    python = str(version / "bin" / "python")
    environment = {
        **os.environ,
        "DATA_DIR": str(version / "data"),
        "WEBUI_SECRET_KEY": "made-up",
        "OFFLINE_MODE": "true",
        "CORS_ALLOW_ORIGIN": "http://127.0.0.1",
    }
    (version / "data").mkdir(exist_ok=True)
    words = ["-m", "uvicorn", "--app-dir", str(Path(__file__).parent), "--port", sys.argv[1]]
    words.append(os.environ.get("CASE_STUDY_APP", "app:app"))
    os.execve(python, [python, *words], environment)
