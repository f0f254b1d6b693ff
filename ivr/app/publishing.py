"""The database opened, and the flow files made live in it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from ivr.flow.loader import load_bundle
from ivr.settings import Settings
from ivr.speech import unspoken
from ivr.store import bundles, database

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_store(settings: Settings) -> database.Database:
    db = database.open_database(settings.database_url)
    database.upgrade(db)
    return db


def publish(db: database.Database, settings: Settings, *, at_start: bool = False) -> dict[str, str]:
    """Check the flow files and make them live for new calls. Raises FlowMistakes: a flow with a mistake never starts.

    ``at_start``: a flow that was rolled back from these very files stays so, or a restart would undo the rollback.
    Returns the bundle of each flow.
    """
    bundle = load_bundle(settings.flows)
    for warning in bundle.warnings:
        log.warning("%s", warning)
    for warning in unspoken(bundle.flows.values()):
        log.warning("%s", warning)
    bundles.store_bundle(db, bundle.hash, bundle.files)
    for flow in bundle.flows:
        if at_start and bundles.rolled_back_from(db, flow) == bundle.hash:
            log.warning(
                "flow '%s' stays rolled back; 'ivr flow publish %s' makes the files live again", flow, settings.flows
            )
        elif bundles.published(db, flow) != bundle.hash:
            bundles.publish(db, flow, bundle.hash, utc_now())
    return {flow: bundle.hash for flow in bundle.flows}
