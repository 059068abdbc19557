from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("sales", "0005_loss_note_label")]

    operations = [
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(condition=models.Q(("outcome", "open"), ("removed_at__isnull", True)), fields=["stage_since", "id"], name="deal_waiting"),
        ),
    ]
