// ReadCopy.java - streams of COPY TO STDOUT as a JDBC program reads them: java ReadCopy URL FILE STATEMENT [FILE STATEMENT]...
// Writes each stream to its file and prints what CopyManager returned and what the driver was told: rows, overall format,
// number of columns; or the SQLSTATE of an error.
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;

public class ReadCopy {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
            for (int i = 1; i + 1 < args.length; i += 2) {
                try (OutputStream out = new FileOutputStream(args[i])) {
                    System.out.println(manager.copyOut(args[i + 1], out));
                    System.out.println(row_by_row(manager, args[i + 1]));
                } catch (SQLException e) {
                    System.out.println(e.getSQLState());
                }
                // The connection is still good, whatever the stream was.
                connection.createStatement().execute("SELECT 1");
            }
        }
    }

    // The same stream by its messages: "overall columns bytes".
    private static String row_by_row(CopyManager manager, String statement) throws SQLException {
        CopyOut copy = manager.copyOut(statement);
        String told = copy.getFormat() + " " + copy.getFieldCount();
        long bytes = 0;
        for (byte[] message; (message = copy.readFromCopy()) != null;)
            bytes += message.length;
        return told + " " + bytes;
    }
}
