-- The program that sent the feedback, as it calls itself: an orphan report names it.
ALTER TABLE "feedback" ADD COLUMN "client" TEXT;
