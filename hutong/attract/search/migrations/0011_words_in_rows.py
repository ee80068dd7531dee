"""The words of a store stay in its row, beside its card: each question of words reads them of thousands of rows.

At PostgreSQL's own 2 kB most words lie in a table beside, where looking at one costs four blocks in place of one
(measured with 1,500 bytes of words a row). Rows that are there move when they are next written.
"""

from django.db import migrations

SET = """
ALTER TABLE search_searchstore SET (toast_tuple_target = 4080);
ALTER TABLE search_searchdeal SET (toast_tuple_target = 4080);
"""
RESET = """
ALTER TABLE search_searchstore RESET (toast_tuple_target);
ALTER TABLE search_searchdeal RESET (toast_tuple_target);
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0010_own_words")]

    operations = [migrations.RunSQL(SET, RESET)]
