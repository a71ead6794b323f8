"""Work in pieces of rows, shared among threads."""

import sys
import threading

from symgraph.io.pieces import PIECE, in_pieces


def test_work_shared_among_threads_is_not_shared_again_within_itself() -> None:
    """Handing work to a pool holds a lock that a handler in the same thread would wait for without end."""
    threads: list[str] = []

    def nested(*_: int) -> None:
        threads.append(threading.current_thread().name)

    def interrupted(*_: object) -> None:
        sys.setprofile(None)
        in_pieces(nested, 2 * PIECE, 2)

    sys.setprofile(lambda frame, event, _: interrupted() if frame.f_code.co_name == "submit" and event == "call" else None)
    try:
        assert in_pieces(lambda start, stop: start, 2 * PIECE, 2) == [0, PIECE]
    finally:
        sys.setprofile(None)
    assert threads == [threading.current_thread().name] * 2
    assert in_pieces(lambda start, stop: threading.current_thread().name, 2 * PIECE, 2) != threads
