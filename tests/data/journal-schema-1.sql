BEGIN TRANSACTION;
CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        kind TEXT NOT NULL,
        capability TEXT NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        transport TEXT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        request_id TEXT,
        status_url TEXT,
        response_url TEXT,
        cancel_url TEXT,
        queue_position INTEGER,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        base_url TEXT NOT NULL,
        prompt TEXT NOT NULL,
        target TEXT NOT NULL,
        count INTEGER NOT NULL,
        timeout_s REAL NOT NULL,
        sandbox INTEGER NOT NULL,
        seed TEXT,
        billable_units TEXT,
        config_path TEXT,
        error TEXT,
        body TEXT,
        result BLOB,
        result_file TEXT,
        reserve BLOB
    );
INSERT INTO "jobs" VALUES(1,'a000000000',1780000000.0,1780000000.0,'image','image.generate','fal-ai/flux/dev','fal-ai/flux/dev','sync','done','',1,'req-4',NULL,NULL,NULL,NULL,0,'https://fal.run','a lighthouse','{"folder": "/folder", "template": "{prompt}"}',1,180.0,0,'1180591620717411303424','1.5',NULL,NULL,'{"prompt": "p"}',X'7B7D',NULL,NULL);
INSERT INTO "jobs" VALUES(2,'b000000000',1780000000.0,1780000000.0,'video','video.generate','fal-ai/flux/dev','fal-ai/flux/dev','queue','queued','build-1|1|5',1,'req-3','https://q/s','https://q/r','https://q/c',3,0,'https://fal.run','a lighthouse','{"folder": "/folder", "template": "{prompt}"}',1,180.0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'c000000000',1780000000.0,1780000000.0,'image','image.generate','fal-ai/flux/dev','fal-ai/flux/dev','sync','failed','',1,NULL,NULL,NULL,NULL,NULL,0,'https://fal.run','a lighthouse','{"folder": "/folder", "template": "{prompt}"}',1,180.0,0,NULL,NULL,NULL,'{"code": "content_policy", "message": "refused", "status": 422}',NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'d000000000',1780000000.0,1780000000.0,'image','image.generate','fal-ai/flux/dev','fal-ai/flux/dev','sync','sending','build-1|1|5',1,NULL,NULL,NULL,NULL,NULL,0,'https://fal.run','a lighthouse','{"folder": "/folder", "template": "{prompt}"}',1,180.0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'00');
CREATE TABLE outputs (
        job INTEGER NOT NULL REFERENCES jobs(number) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        facts TEXT NOT NULL,
        PRIMARY KEY (job, position)
    ) WITHOUT ROWID
    ;
INSERT INTO "outputs" VALUES(1,0,'{"path": "/folder/a.png", "mimeType": "image/png", "size": 3, "width": 8, "height": 9, "url": "https://v3.fal.media/a.png"}');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',4);
COMMIT;
PRAGMA application_id = 262213813;
PRAGMA user_version = 1;
