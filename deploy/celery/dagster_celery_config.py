"""Settings of the Celery workers that execute Grandlivre's runs. dagster-celery finds this module by its name: put its
folder on PYTHONPATH (see docs/scaling.md).

``GRANDLIVRE_BROKER_URL`` is the queue, ``GRANDLIVRE_RESULTS_URL`` where the state of tasks is kept: the queue itself
when that is Redis, a database beside RabbitMQ. Both may hold a password, so they stay in the environment.
"""

from os import environ as _environment

broker_url = _environment["GRANDLIVRE_BROKER_URL"]
result_backend = _environment.get("GRANDLIVRE_RESULTS_URL") or broker_url
broker_connection_retry_on_startup = True

imports = ["pipelines.definitions"]  # once, before the worker forks: a run begins without importing
worker_max_tasks_per_child = 1  # a process per run, as Dagster's own launcher has it: nothing of a run outlives it

# A worker takes a run when it is free, and never one to wait behind the run that it is executing.
worker_prefetch_multiplier = 1
task_acks_late = True
# A task that is not acknowledged for so long is given to another worker. No run is ever so long (dagster.yaml ends it).
broker_transport_options = {"visibility_timeout": 2 * 86400}
