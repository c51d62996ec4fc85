-- FleetPrompt on SQLite, schema version 9: nobody lists the attempts that are issued.

DROP INDEX attempt_issued;
