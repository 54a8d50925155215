from argosy_component.naming import short_name


def test_a_short_name_stays_as_it_is() -> None:
    assert "prod-gcp-nodes" == short_name("prod", "gcp", "nodes", limit=30)


def test_a_long_name_is_cut_to_its_limit_and_stays_the_same_every_time() -> None:
    name = short_name("production-fleet", "gcp-europe-west4", "nodes", limit=30)

    assert 30 >= len(name)
    assert name == short_name("production-fleet", "gcp-europe-west4", "nodes", limit=30)


def test_two_long_names_with_one_beginning_stay_two_names() -> None:
    long = "a-very-long-fleet-name-of-a-lab"

    assert short_name(long, "one", limit=30) != short_name(long, "two", limit=30)
