-- When somebody was last at the review queue of a project.
CREATE TABLE "attendance" (
    "project_id" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "attendance_pkey" PRIMARY KEY ("project_id")
);
