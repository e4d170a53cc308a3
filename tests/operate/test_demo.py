"""The demo is the product's own proof: it must tell its whole story and say so with its exit code."""

from tests.operate.installation import Installation


def test_every_step_of_the_story_happens_and_the_demo_ends_by_itself(installation: Installation) -> None:
    told = installation.call("demo", patience=240, DEMO_EXIT="1")

    assert told.returncode == 0, told.stdout + told.stderr
    for said in (
        "reported",
        "lit",
        "answered",
        "dark",
        "taken",
        "LAPSED",
        "every step happened",
        "no process is left",
    ):
        assert said in told.stdout
