"""Settings of the Celery workers that execute Grandlivre's runs. dagster-celery finds this module by its name: put its
folder on PYTHONPATH (see docs/scaling.md).

``GRANDLIVRE_BROKER_URL`` is the queue, and with Redis also where the state of tasks is kept (instance.yaml has it so
too). It may hold a password, so it stays in the environment.
"""

from os import environ as _environment

broker_url = _environment["GRANDLIVRE_BROKER_URL"]
result_backend = broker_url
broker_connection_retry_on_startup = True

result_extended = True  # a task's state tells which worker had it
imports = ["pipelines.definitions"]  # once, before the worker forks: a run begins without importing
worker_max_tasks_per_child = 1  # a process per run, as Dagster's own launcher has it: nothing of a run outlives it

# A worker takes a run when it is free, and never one to wait behind the run that it is executing.
worker_prefetch_multiplier = 1
task_acks_late = True
# A task that is not acknowledged for so long is given to another worker. No run is ever so long (dagster.yaml ends it).
broker_transport_options = {"visibility_timeout": 2 * 86400}
