// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A picture that appears while a game goes on. PictureOnScreen has the shape of a Unity script: derive it
// from MonoBehaviour and give Screen to a Texture2D. Godot's _Ready, _Process and _ExitTree are the same.
//
//     mcs Sample.cs Refrain.cs RefrainTypes.cs RefrainRuns.cs
//     LD_LIBRARY_PATH=../../target/release mono Sample.exe MODEL POLICY STEPS SEED GUIDANCE OUT.ppm
using System;
using System.Globalization;
using System.IO;
using System.Text;
using Refrain;

/// <summary>Draws a picture in slices of a few milliseconds a frame.</summary>
public sealed class PictureOnScreen
{
    /// <summary>What a frame can spare.</summary>
    public ulong BudgetMicroseconds = 4000;
    /// <summary>The picture as it is now: red, green and blue, from the top.</summary>
    public byte[] Screen;
    /// <summary>Side of it, in pixels.</summary>
    public int Side;
    /// <summary>Whether it is finished.</summary>
    public bool Done;
    /// <summary>What was computed and what was not.</summary>
    public Stats Stats;

    private Model model;
    private Engine engine;
    private Sampling sampling;

    /// <summary>Loads what is needed, before the first frame.</summary>
    public void Start(string path, RunSettings settings)
    {
        Library.Check();
        model = Model.Open(path);
        engine = new Engine(model, Backend.Cpu);
        sampling = new Sampling(engine, settings);
        Side = (int)model.Sizes.InputSize;
        Screen = new byte[sampling.PictureBytes];
    }

    /// <summary>Called once a frame.</summary>
    public void Update()
    {
        if (Done) return;
        int made = sampling.AdvanceSlice(BudgetMicroseconds);
        if (made > 0) sampling.Picture(0, Screen);
        Stats = sampling.Stats;
        Done = sampling.Left == 0;
    }

    /// <summary>Called when the script goes away, finished or not.</summary>
    public void OnDestroy()
    {
        if (sampling != null) sampling.Dispose();
        if (engine != null) engine.Dispose();
        if (model != null) model.Dispose();
    }
}

internal static class Program
{
    private static int Main(string[] args)
    {
        var picture = new PictureOnScreen();
        int frames = 0;
        try
        {
            picture.Start(args[0], new RunSettings
            {
                Policy = Policy.Parse(args[1]),
                Steps = int.Parse(args[2]),
                Seed = ulong.Parse(args[3]),
                Guidance = float.Parse(args[4], CultureInfo.InvariantCulture),
                Classes = new uint[] { 0 },
            });
            while (!picture.Done)
            {
                picture.Update();
                frames++;
            }
        }
        catch (RefrainException why)
        {
            Console.Error.WriteLine(why.Message);
            return 1;
        }
        finally
        {
            picture.OnDestroy();
        }
        using (var file = File.Create(args[5]))
        {
            byte[] head = Encoding.ASCII.GetBytes("P6\n" + picture.Side + " " + picture.Side + "\n255\n");
            file.Write(head, 0, head.Length);
            file.Write(picture.Screen, 0, picture.Screen.Length);
        }
        Console.WriteLine(picture.Stats.Computed + " of " + picture.Stats.Calls + " calls computed, " + frames + " frames");
        return 0;
    }
}
