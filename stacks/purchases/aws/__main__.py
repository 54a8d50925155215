"""`pulumi up -s NAME`, here and nowhere else: buy what `orders/NAME.yaml` says, once, within its budget."""

from pathlib import Path

import pulumi

from argosy.catalog import load_catalog
from argosy.errors import ArgosyError
from argosy_aws.purchases.declare import declare_purchases
from argosy_aws.purchases.load import load_purchases

ORDERS = Path(__file__).resolve().parent / "orders"

try:
    declare_purchases(load_purchases(ORDERS / f"{pulumi.get_stack()}.yaml", load_catalog()).spec)
except ArgosyError as error:
    # A RunError is shown as its message alone; anything else would be shown as a traceback.
    raise pulumi.RunError(str(error)) from error
