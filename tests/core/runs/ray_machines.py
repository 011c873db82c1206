"""A Ray cluster whose machines are processes of this one: a program that a test starts, and that ends with the test.

python -m tests.core.runs.ray_machines: a head without cores. It says HOST:PORT and the port of ray://. Then,
line by line: `join CORES [CARDS]` has a machine join, and says which; cards are as many as it claims to have.
`leave WHICH` kills one. At the end of its input all end.
"""

from __future__ import annotations

import socket
import sys

from ray.cluster_utils import Cluster

STORE = 80 * 2**20  # bytes of shared memory a machine, the least but for a few


def main() -> None:
    client = free_port()
    head = {
        "num_cpus": 0,
        "object_store_memory": STORE,
        "include_dashboard": False,
        "ray_client_server_port": client,
    }
    cluster = Cluster(initialize_head=True, head_node_args=head)
    machines = []
    say(cluster.address, client)
    for line in sys.stdin:
        order, number, *cards = line.split()
        if order == "join":
            has = {"num_cpus": int(number), "num_gpus": int(cards[0]) if cards else 0}
            machines.append(cluster.add_node(object_store_memory=STORE, **has))
            say(len(machines) - 1)
        else:
            cluster.remove_node(machines[int(number)], allow_graceful=False)
            say(number)
    cluster.shutdown()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def say(*words: object) -> None:
    print("machines:", *words, flush=True)


if __name__ == "__main__":
    main()
