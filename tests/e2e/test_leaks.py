"""What is opened is given back: threads, files, windows, processes and memory."""

import pytest

from tests.e2e.processes import run


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "scenario",
    [
        "openings",
        "openings_with_a_data_directory",
        "openings_on_the_ordinary_lane",
        "openings_with_large_data",
        "openings_in_processes_of_their_own",
        "processes_that_crash",
        "bridges_that_are_forgotten",
        "reloads",
        "windows_that_close_at_once",
        "handlers_that_wait_for_each_other",
    ],
)
def test_nothing_is_left_behind_by(scenario):
    run(f"from tests.e2e import leaks; leaks.check({scenario!r})", seconds=200).assert_clean()


@pytest.mark.timeout(120)
def test_memory_of_the_program_stays_flat_over_openings():
    run("from tests.e2e import leaks; leaks.check_memory()", seconds=100).assert_clean()
