from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0010_board_of_one"),
    ]

    operations = [
        migrations.AddField(model_name="dealspan", name="closed_on", field=models.DateField(null=True)),
    ]
