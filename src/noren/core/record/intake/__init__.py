"""Import, the reading half: any table a person brings becomes rows, a header we understand and questions worth asking."""
