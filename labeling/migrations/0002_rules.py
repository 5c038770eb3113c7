"""Rules that Django's constraints cannot say: arrays of probabilities, a proposal's arrows."""

from django.db import migrations

PROBABILITIES = """
ALTER TABLE labeling_prediction ADD CONSTRAINT probabilities_are_probabilities
    CHECK (0 <= ALL (probabilities) AND 1 >= ALL (probabilities));
ALTER TABLE labeling_consensus ADD CONSTRAINT agreements_are_probabilities
    CHECK (0 <= ALL (agreement) AND 1.000001 >= ALL (agreement));
"""
NO_PROBABILITIES = """
ALTER TABLE labeling_prediction DROP CONSTRAINT probabilities_are_probabilities;
ALTER TABLE labeling_consensus DROP CONSTRAINT agreements_are_probabilities;
"""

ARROWS = """
CREATE FUNCTION labeling_proposal_arrows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('proposed', 'in_vote'), ('proposed', 'rejected'), ('proposed', 'merged'),
        ('in_vote', 'accepted'), ('in_vote', 'rejected'), ('in_vote', 'merged')
    ) THEN
        RAISE EXCEPTION 'a proposal cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_moves_along_its_arrows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_arrows BEFORE UPDATE OF state ON labeling_proposal
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION labeling_proposal_arrows();
"""
NO_ARROWS = """
DROP TRIGGER proposal_arrows ON labeling_proposal;
DROP FUNCTION labeling_proposal_arrows();
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_tables")]
    operations = [
        migrations.RunSQL(PROBABILITIES, NO_PROBABILITIES),
        migrations.RunSQL(ARROWS, NO_ARROWS),
    ]
