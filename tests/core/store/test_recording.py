"""A recording has all that its run published, in order."""

from __future__ import annotations

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training import records
from core.training.records import NetworksSeen, StatusChanged
from tests.core.store.recorded import recorded


def test_a_recording_has_the_records_the_looks_and_the_networks_of_its_run():
    arms = (parse_arm("none"), parse_arm("bn"))
    config = ExperimentConfig(data="digits", batch_size=64, epochs=1, examples=640, arms=arms)
    recording = recorded(config, apart=5)
    assert recording.records[-1] == StatusChanged("finished", 10)
    assert any(isinstance(record, records.TestMeasured) for record in recording.records)
    assert not any(isinstance(record, NetworksSeen) for record in recording.records)
    assert [look.step for look in recording.looks()] == [0, 5, 10]
    assert recording.network_steps == (0, 5, 10)
    assert set(recording.networks(10)) == {"none", "bn"}
