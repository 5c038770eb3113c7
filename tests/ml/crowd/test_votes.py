import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.votes import BadVotes, SparseVotes


def test_votes_in_any_order_are_sorted_by_item_and_keep_their_order_within_it():
    votes = SparseVotes.from_triples([2, 0, 2, 0], [0, 1, 1, 0], [1, 2, 0, 0], items=4)
    #  item 0: volunteer 1 says 2, volunteer 0 says 0; item 1: none; item 2: 0 says 1, 1 says 0
    assert votes.starts.tolist() == [0, 2, 2, 4, 4]
    assert votes.cells.tolist() == [1 * 3 + 2, 0, 1, 1 * 3 + 0]
    assert votes.item_of_vote().tolist() == [0, 0, 2, 2]
    assert votes.tally().tolist() == [[1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_a_vote_given_twice_counts_twice():
    assert SparseVotes.from_triples([0, 0], [0, 0], [1, 1]).tally().tolist() == [[0, 2]]


def test_votes_left_out_leave_their_items():
    votes = SparseVotes.from_triples([0, 0, 1], [0, 1, 0], [0, 1, 1])
    rest = votes.without(np.array([True, False, True]))
    assert rest.starts.tolist() == [0, 1, 1]
    assert rest.tally().tolist() == [[0, 1], [0, 0]]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(0, 3)), min_size=1))
def test_no_vote_is_lost_or_moved(triples):
    item, volunteer, label = (list(column) for column in zip(*triples, strict=True))
    votes = SparseVotes.from_triples(item, volunteer, label)
    who, what = np.divmod(votes.cells, votes.classes)
    again = zip(votes.item_of_vote().tolist(), who.tolist(), what.tolist(), strict=True)
    assert sorted(again) == sorted(triples)


@pytest.mark.parametrize(
    ("columns", "sizes", "message"),
    [
        (([0, 1], [0], [0, 1]), {}, "their lengths are {'item': 2, 'volunteer': 1, 'label': 2}"),
        (([], [], []), {}, "item: expected a row of at least one integer"),
        (([0.5], [0], [0]), {}, "item: expected integers from 0, got float64"),
        (([0], [-1], [0]), {}, "volunteer: indices run from 0"),
        (([0], [0], [3]), {"classes": 3}, "label: index 3 does not fit in the 3"),
        (([0], [2**30], [5]), {}, "volunteers x classes must stay below"),
    ],
)
def test_bad_votes_are_named(columns, sizes, message):
    with pytest.raises(BadVotes, match=message):
        SparseVotes.from_triples(*columns, **sizes)
