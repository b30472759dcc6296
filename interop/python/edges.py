"""What the clients for calls at their edges share: their command line, their numbers, and how they tell what they saw."""

import argparse
import json
import random
import sys
import threading

ENDS = ("ok", "aborted", "refused", "unimplemented")
MESSAGE_BYTES = 16 * 1024
MAX_MESSAGES = 200
REST_S = 0.002
CALLS_AT_A_TIME = 10
DAY_S = 24 * 3600
LONG_DEADLINES_S = (25 * DAY_S, 40 * DAY_S, 50 * DAY_S)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--experiment", choices=("late-response", "long-deadline", "early-end"), required=True)
    parser.add_argument("--calls", type=int, required=True, help="of each kind")
    return parser.parse_args()


def short_timeout_s():
    return random.uniform(0.040, 0.060)


def offset_ms_of(i):
    return i % 4 - 2


telling = threading.Lock()


def tell(**record):
    with telling:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


def long_deadline_seen(responses):
    """What a handler saw of a long deadline. Of a call that ended well without a response it is nothing."""
    text = responses[0].payload.body if responses else b""
    return float(text) if text else None
