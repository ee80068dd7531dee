"""Write what the API says of itself: `python tools/api_document.py`.

docs/reference/openapi.json   the OpenAPI document
docs/reference/api-scopes.md  every route with the scope it asks for
"""

import json
import os
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def main() -> None:
    """Write both files anew from the routes. `tests/api/test_document.py` compares them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django  # The settings have to be named before Django is loaded.

    django.setup()
    from hutong.api.v1 import api, scopes_table  # Routes load models, which need Django set up.

    # Twice, because the document has numbers for status codes, which do not sort among words.
    document = json.loads(json.dumps(api.get_openapi_schema()))
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
    (REFERENCE / "openapi.json").write_text(text + "\n", encoding="utf-8")
    (REFERENCE / "api-scopes.md").write_text(scopes_table(api), encoding="utf-8")


if __name__ == "__main__":
    main()
