"""Pure decisions about regions."""

from hutong.town.regions.types import Feature

# What holds in a region until its operator says otherwise.
FEATURES: dict[Feature, bool] = {
    Feature.SIGN_UP: True,
    Feature.CLAIMS: True,
    # Contents of approved merchants wait for the operator before shoppers see them.
    Feature.REVIEW_CONTENTS: True,
}
